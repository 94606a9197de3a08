import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../../lib/local/stack.ts';

const run = promisify(execFile);
let stack: Stack;

beforeAll(async () => {
  const create = async () => async (event: unknown) => ({ echoed: event });
  stack = await startStack({ port: 0, functions: [{ name: 'deliver', timeoutSeconds: 3, create }] });
});

afterAll(() => stack.stop());

const environment = {
  PATH: '/usr/bin:/bin',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_DEFAULT_REGION: 'eu-west-2',
  AWS_EC2_METADATA_DISABLED: 'true',
};

async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args, { env: environment });
    return true;
  } catch {
    return false;
  }
}

const hasBoto3 = await works('/usr/bin/python3', ['-c', 'import boto3']);
const hasCli = await works('/usr/bin/aws', ['--version']);

/** Python beside the JavaScript, for the client that is older than SQS's JSON protocol. */
const script = `
import boto3, json, sys
sqs = boto3.client('sqs', endpoint_url=sys.argv[1])
url = sqs.create_queue(QueueName='orders', Attributes={'VisibilityTimeout': '5'})['QueueUrl']
body = 'Zo\\u00eb \\U0001F600 <&> "q"\\r\\n'
attributes = {'bytes': {'DataType': 'Binary', 'BinaryValue': b'\\x00\\xff'}, 'text': {'DataType': 'String', 'StringValue': 'v'}}
sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
got = sqs.receive_message(QueueUrl=url, MessageAttributeNames=['All'], AttributeNames=['All'])['Messages'][0]
assert got['Body'] == body and got['MessageAttributes'] == attributes, got
assert got['MD5OfMessageAttributes'] == sent['MD5OfMessageAttributes'], got
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got['ReceiptHandle'], VisibilityTimeout=0)
got = sqs.receive_message(QueueUrl=url)['Messages'][0]
sqs.delete_message_batch(QueueUrl=url, Entries=[{'Id': 'a', 'ReceiptHandle': got['ReceiptHandle']}])
batch = sqs.send_message_batch(QueueUrl=url, Entries=[{'Id': 'a', 'MessageBody': '1'}, {'Id': 'b', 'MessageBody': '2', 'DelaySeconds': 901}])
codes = []
for call in (lambda: sqs.get_queue_url(QueueName='nowhere'), lambda: sqs.send_message(QueueUrl=url, MessageBody='x', DelaySeconds=901)):
    try: call()
    except sqs.exceptions.QueueDoesNotExist: codes.append('QueueDoesNotExist')
    except Exception as error: codes.append(error.response['Error']['Code'])
secrets = boto3.client('secretsmanager', endpoint_url=sys.argv[1])
secrets.create_secret(Name='events!connection/x', SecretString='s')
print(json.dumps({'url': url, 'failed': [f['Id'] for f in batch['Failed']], 'codes': codes,
    'arn': sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn'],
    'secret': secrets.get_secret_value(SecretId='events!connection/x')['SecretString'],
    'tables': boto3.client('dynamodb', endpoint_url=sys.argv[1]).list_tables()['TableNames']}))
`;

test.skipIf(!hasBoto3)('an installed boto3 drives queues, secrets and tables', async () => {
  const { stdout } = await run('/usr/bin/python3', ['-c', script, stack.url], { env: environment });
  expect(JSON.parse(stdout)).toEqual({
    url: `${stack.url}/123456789012/orders`,
    arn: 'arn:aws:sqs:eu-west-2:123456789012:orders',
    failed: ['b'],
    codes: ['QueueDoesNotExist', 'InvalidParameterValue'],
    secret: 's',
    tables: ['lastmile-local'],
  });
});

test.skipIf(!hasCli)('an installed AWS CLI sends a message and invokes a function', async () => {
  const aws = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('/usr/bin/aws', ['--endpoint-url', stack.url, '--output', 'text', ...args], {
      env: environment,
    });
    return stdout;
  };
  const url = `${stack.url}/123456789012/lastmile-local-deliveries`;
  await aws('sqs', 'send-message', '--queue-url', url, '--message-body', 'from the CLI');
  expect(await aws('sqs', 'receive-message', '--queue-url', url)).toContain('from the CLI');
  const payload = ['--cli-binary-format', 'raw-in-base64-out', '--payload', '{"n":1}'];
  const answer = join(mkdtempSync(join(tmpdir(), 'lastmile-cli-')), 'answer.json');
  await aws('lambda', 'invoke', '--function-name', 'deliver', ...payload, answer);
  expect(readFileSync(answer, 'utf8')).toBe('{"echoed":{"n":1}}');
});
