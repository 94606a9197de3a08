import {
  CreateConnectionCommand,
  DeleteRuleCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  EventBridgeClient,
  ListConnectionsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHandler } from '../../../functions/control-api.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { ServiceError } from '../../../lib/core/failure/service-error.ts';
import type { Operations } from '../../../lib/protocol/control-request.ts';
import type { Fault } from '../../../lib/protocol/access.ts';
import { startFunctionUrlServer } from '../../servers/aws/function-url-server.ts';
import type { FunctionUrlServer } from '../../servers/aws/function-url-server.ts';

const received: unknown[] = [];
const faults: Fault[] = [];

const operations: Operations = {
  CreateConnection: (input, { region, account, partition }) => {
    received.push(input);
    const arn = `arn:${partition}:events:${region}:${account}:connection/orders/0`;
    return Promise.resolve({ ConnectionArn: arn, ConnectionState: 'AUTHORIZED', CreationTime: 1733738400.25 });
  },
  DescribeConnection: ({ Name }) => {
    const text = `Failed to describe the connection(s). Connection '${typeof Name === 'string' ? Name : ''}' does not exist.`;
    return Promise.reject(new ServiceError('ResourceNotFoundException', text));
  },
  ListConnections: (input) => Promise.resolve({ Connections: [{ Name: JSON.stringify(input) }] }),
  DescribeApiDestination: () => Promise.reject(new Failure('StoreUnavailable', 'canary')),
};

let server: FunctionUrlServer;
let client: EventBridgeClient;

beforeAll(async () => {
  const handler = createHandler({ operations, authentication: 'none', logFault: (fault) => faults.push(fault) });
  server = await startFunctionUrlServer(handler, { region: 'eu-central-1', account: '210987654321' });
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
  client = new EventBridgeClient({ endpoint: server.url, region: 'eu-central-1', credentials, maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

async function refusalOf(sent: Promise<unknown>): Promise<unknown> {
  return await sent.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the AWS SDK for JavaScript', () => {
  test('the AWS SDK creates a connection and reads the times of the answer as dates', async () => {
    const input = {
      Name: 'orders',
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'ünï', Password: 'p' } },
    } as const;
    const output = await client.send(new CreateConnectionCommand(input));
    expect(output.ConnectionArn).toBe('arn:aws:events:eu-central-1:210987654321:connection/orders/0');
    expect(output.CreationTime?.toISOString()).toBe('2024-12-09T10:00:00.250Z');
    expect(output.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(received).toEqual([input]);
  });

  test('the AWS SDK can call an operation without arguments', async () => {
    const { Connections } = await client.send(new ListConnectionsCommand({}));
    expect(Connections).toEqual([{ Name: '{}' }]);
  });

  test('the AWS SDK throws the error of the service with its message, status and request id', async () => {
    expect(await refusalOf(client.send(new DescribeConnectionCommand({ Name: 'gone' })))).toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Failed to describe the connection(s). Connection 'gone' does not exist.",
      $metadata: { httpStatusCode: 400, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  test('the AWS SDK throws a ValidationException for input that violates the service model', async () => {
    expect(await refusalOf(client.send(new DescribeConnectionCommand({ Name: 'not valid' })))).toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/^1 validation error detected: Value 'not valid' at 'name' /),
    });
  });

  test('the AWS SDK throws an error for an operation that the control API does not have', async () => {
    expect(await refusalOf(client.send(new DeleteRuleCommand({ Name: 'r' })))).toMatchObject({
      name: 'UnknownOperationException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('the answer to an internal error has status 500 and does not contain the cause', async () => {
    expect(await refusalOf(client.send(new DescribeApiDestinationCommand({ Name: 'd' })))).toMatchObject({
      name: 'InternalException',
      message: expect.not.stringContaining('canary'),
      $metadata: { httpStatusCode: 500 },
    });
    expect(faults.map((fault) => fault.operation)).toEqual(['DescribeApiDestination']);
  });
});

describe('a client that is not an SDK', () => {
  async function post(body: string, headers: Record<string, string>) {
    const response = await fetch(server.url, { method: 'POST', body, headers });
    return { status: response.status, headers: response.headers, json: (await response.json()) as unknown };
  }

  test('a plain HTTP client gets the error code in the body and in a header', async () => {
    const { status, headers, json } = await post('{', { 'x-amz-target': 'AWSEvents.ListConnections' });
    expect(status).toBe(400);
    expect(json).toEqual({ __type: 'SerializationException', message: 'The request body is not JSON in UTF-8.' });
    expect(headers.get('x-amzn-errortype')).toBe('SerializationException');
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
  });

  test('a request without the header X-Amz-Target is refused', async () => {
    const { status, json } = await post('{}', {});
    expect(status).toBe(400);
    expect(json).toMatchObject({ __type: 'UnknownOperationException' });
  });
});
