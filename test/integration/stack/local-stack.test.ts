import { expect, test } from 'vitest';
import type { FunctionHandler, LocalFunction } from '../../../lib/local/lambda/function-instances.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { ownStack, sharedStack } from '../../fixtures/stack.ts';

let stack: Stack;
const errors: string[] = [];

/** Returns the event in its answer, or fails when the operation is `Fail`. */
const controlApi: FunctionHandler = async (event) => {
  const { headers } = event as { headers: Record<string, string> };
  if (headers['x-amz-target'] === 'AWSEvents.Fail') throw new TypeError('canary-in-an-error');
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
};

const functions: LocalFunction[] = [{ name: 'control-api', timeoutSeconds: 3, create: async () => controlApi }];
const output = { line: () => undefined, error: (text: string) => void errors.push(text) };

sharedStack.override('stackOptions', { functions, output });

sharedStack.beforeAll(({ stack: started }) => {
  stack = started;
});

function signed(service: string, region = 'us-east-1'): Record<string, string> {
  const credential = `AKID/20260101/${region}/${service}/aws4_request`;
  return { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` };
}

function post(
  path: string,
  headers: Record<string, string>,
  body: string | Uint8Array<ArrayBuffer> = '{}',
): Promise<Response> {
  return fetch(`${stack.url}${path}`, { method: 'POST', headers, body });
}

test('the health check returns each service of the stack once, as JSON', async () => {
  const response = await fetch(`${stack.url}/_lastmile/health`);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({
    status: 'ok',
    account: '123456789012',
    services: ['events', 'appsync', 'dynamodb', 'sqs', 'secretsmanager', 'lambda', 'sts'],
  });
});

test('a request that is signed for the service `events` reaches control-api as a function URL event', async () => {
  const response = await post('/?a=b', { ...signed('events'), 'x-amz-target': 'AWSEvents.ListConnections' }, '{"N":1}');
  expect(await response.json()).toMatchObject({
    version: '2.0',
    rawQueryString: 'a=b',
    headers: { 'x-amz-target': 'AWSEvents.ListConnections' },
    body: Buffer.from('{"N":1}').toString('base64'),
    isBase64Encoded: true,
  });
});

test('an unsigned request goes to the service that its target header names', async () => {
  const response = await post('/', { 'x-amz-target': 'AWSEvents.ListConnections' });
  expect(await response.json()).toMatchObject({ version: '2.0' });
});

test('the service in the signature takes precedence over the target header', async () => {
  const headers = { ...signed('secretsmanager'), 'x-amz-target': 'AWSEvents.ListConnections' };
  const response = await post('/', headers);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining('Secrets Manager') });
});

test('a client gets InternalFailure without the message when a function fails', async () => {
  const response = await post('/', { ...signed('events'), 'x-amz-target': 'AWSEvents.Fail' });
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(JSON.parse(text).__type).toBe('InternalFailure');
  expect(text).not.toMatch(/canary|TypeError| at /);
  expect(errors.join('\n')).toMatch(/control-api failed \(request [0-9a-f-]+\): TypeError/);
  expect(errors.join('\n')).not.toContain('canary');
});

test('a client of awsJson gets an error in awsJson for a service that the stack does not have', async () => {
  const headers = { ...signed('logs'), 'x-amz-target': 'Logs_20140328.DescribeLogGroups' };
  const response = await post('/', headers);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    __type: 'UnknownOperationException',
    message: expect.stringContaining("no service 'logs'"),
  });
});

test('a client of the query protocol gets an error in XML for a service that the stack does not have', async () => {
  const headers = { ...signed('iam'), 'content-type': 'application/x-www-form-urlencoded' };
  const response = await post('/', headers, 'Action=GetUser');
  expect(await response.text()).toMatch(/<Code>UnknownOperationException<\/Code>.*no service 'iam'/);
});

test('a request that names no service is refused', async () => {
  const response = await fetch(`${stack.url}/favicon.ico`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining('names no service') });
});

test('a body that is too large is refused before it has been read completely', async () => {
  const response = await post('/', { ...signed('secretsmanager') }, new Uint8Array(1_048_577));
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ __type: 'RequestEntityTooLargeException' });
});

test('every answer has a request id', async () => {
  const response = await fetch(`${stack.url}/_lastmile/health`);
  expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
});

test('stopping the stack ends requests that hang', async () => {
  const hanging: LocalFunction = {
    name: 'control-api',
    timeoutSeconds: 900,
    create: async () => () => new Promise(() => undefined),
  };
  const other = await ownStack({ functions: [hanging] });
  const request = fetch(other.url, { method: 'POST', headers: { 'x-amz-target': 'AWSEvents.X' } });
  const ended = request.then(
    () => 'answered',
    () => 'cut off',
  );
  await fetch(`${other.url}/_lastmile/health`);
  await other.stop();
  expect(await ended).toBe('cut off');
  await expect(fetch(`${other.url}/_lastmile/health`)).rejects.toThrow();
});

test('the error for a port in use names the port', async () => {
  const { port } = stack;
  await expect(ownStack({ port })).rejects.toThrow(`Port ${port} of 127.0.0.1 is in use`);
});
