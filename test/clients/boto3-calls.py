"""Makes calls with boto3, one for each line of JSON on standard input, and answers each with a line of JSON.

In:  {"service", "region", "operation": "create_connection", "arguments": {...}}
Out: {"answer": {...}} or {"error": {"code", "message", "status"}} or {"refused": "what boto3 itself found wrong"}
Bytes are {"bytes": "<base64>"} both ways, times {"time": <epoch seconds>}.
"""

import base64
import datetime
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody


def to_json(value):
    if isinstance(value, datetime.datetime):
        return {"time": value.timestamp()}
    if isinstance(value, StreamingBody):
        value = value.read()
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


def from_json(value):
    return base64.b64decode(value["bytes"]) if set(value) == {"bytes"} else value


endpoint_url = sys.argv[1]
config = Config(retries={"max_attempts": 1}, read_timeout=30)
clients = {}


def client_of(service, region):
    if (service, region) not in clients:
        clients[service, region] = boto3.client(service, region_name=region, endpoint_url=endpoint_url, config=config)
    return clients[service, region]


def perform(call):
    operation = getattr(client_of(call["service"], call["region"]), call["operation"])
    try:
        answer = operation(**call["arguments"])
        status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
        return {"answer": {**answer, "status": status}}
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"], "status": status}}
    except BotoCoreError as error:
        return {"refused": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(perform(json.loads(line, object_hook=from_json)), default=to_json), flush=True)
