import { afterAll, describe, expect, test } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { sharedStack } from '../fixtures/stack.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { type Boto3, type Boto3Client, startBoto3 } from './boto3.ts';

let stack: Stack;
let boto3: Boto3;
let endpoint: RecordingEndpoint;
let lambda: Boto3Client;
let arrived: (path: string) => void = () => undefined;

sharedStack.override('answer', () => ({ path }) => {
  arrived(path);
  return { status: path === '/rejecting' ? 400 : 202 };
});

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint }) => {
  [stack, endpoint] = [startedStack, startedEndpoint];
  boto3 = startBoto3(stack.url);
  lambda = boto3.client('lambda');
  const events = boto3.client('events');
  const { ConnectionArn } = await events<{ ConnectionArn: string }>('create_connection', {
    Name: 'shop',
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'opensesame' } },
  });
  for (const Name of ['rejecting', 'working']) {
    const InvocationEndpoint = `${endpoint.origin}/${Name}`;
    await events('create_api_destination', { Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' });
  }
});

afterAll(() => boto3.close());

async function invoke(payload: unknown, more: object = {}) {
  const answer = await lambda<{ StatusCode: number; Payload: { bytes: string } }>('invoke', {
    FunctionName: 'lastmile-local-deliver',
    Payload: JSON.stringify(payload),
    ...more,
  });
  const text = Buffer.from(answer.Payload.bytes, 'base64').toString();
  return { ...answer, Payload: text === '' ? undefined : JSON.parse(text) };
}

const event = { id: 'event-1', source: 'shop', detail: { name: 'Zoë 😀', quote: '"' } };

describe('Lambda', () => {
  test('a synchronous invocation delivers the event and returns the outcome', async () => {
    expect(await invoke({ apiDestination: 'working', event })).toMatchObject({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      Payload: { outcome: 'delivered', apiDestination: 'working', status: 202, attempts: 1 },
    });
    const request = endpoint.requests.at(-1);
    expect(request?.headers).toMatchObject({ 'x-key': 'opensesame', 'idempotency-key': 'event-1/working' });
    expect(JSON.parse(request?.body ?? '')).toEqual(event);
  });

  test('an asynchronous invocation is accepted with an empty answer and then delivered', async () => {
    const delivered = new Promise((resolve) => {
      arrived = resolve;
    });
    const answer = await invoke({ apiDestination: 'working', event }, { InvocationType: 'Event' });
    expect([answer.StatusCode, answer.Payload]).toEqual([202, undefined]);
    expect(await delivered).toBe('/working');
  });

  test('a dry run of a function delivers no event', async () => {
    const before = endpoint.requests.length;
    const answer = await invoke({ apiDestination: 'working', event }, { InvocationType: 'DryRun' });
    expect([answer.StatusCode, endpoint.requests.length]).toEqual([204, before]);
  });

  test('Lambda refuses an unknown function and an invalid JSON payload', async () => {
    await expect(invoke({}, { FunctionName: 'nowhere' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 404,
      message: expect.stringContaining('Function not found: arn:aws:lambda:us-east-1:123456789012:function:nowhere'),
    });
    await expect(invoke({}, { Payload: '{' })).rejects.toMatchObject({
      code: 'InvalidRequestContentException',
      status: 400,
    });
  });
});

describe('the stores', () => {
  test('the item of a connection is read by its key and contains no credentials', async () => {
    const dynamodb = boto3.client('dynamodb');
    const Key = { pk: { S: 'CONNECTION' }, sk: { S: 'shop' } };
    const { Item } = await dynamodb<{ Item: object }>('get_item', { TableName: 'lastmile-local', Key });
    expect(Item).toMatchObject({ v: { N: '1' }, state: { S: 'AUTHORIZED' }, authorizationType: { S: 'API_KEY' } });
    expect(JSON.stringify(Item)).not.toContain('opensesame');
    expect(await dynamodb('get_item', { TableName: 'lastmile-local', Key: { ...Key, sk: { S: 'nowhere' } } })).toEqual({
      status: 200,
    });
  });

  test('the destinations of a connection are found by the index of the table', async () => {
    const events = boto3.client('events');
    const { ConnectionArn } = await events<{ ConnectionArn: string }>('describe_connection', { Name: 'shop' });
    const found = await boto3.client('dynamodb')<{ Items: readonly { sk: { S: string } }[] }>('query', {
      TableName: 'lastmile-local',
      IndexName: 'by-connection',
      KeyConditionExpression: 'connectionArn = :arn',
      ExpressionAttributeValues: { ':arn': { S: ConnectionArn } },
    });
    expect(found.Items.map(({ sk }) => sk.S)).toEqual(['rejecting', 'working']);
  });

  test('boto3 can create, update, list and delete secrets', async () => {
    const secrets = boto3.client('secretsmanager');
    const created = await secrets<{ ARN: string }>('create_secret', { Name: 'mine/uber', SecretString: 'ü "1"' });
    await secrets('put_secret_value', { SecretId: created.ARN, SecretBinary: { bytes: 'AP8=' } });
    expect(await secrets('get_secret_value', { SecretId: 'mine/uber' })).toMatchObject({
      SecretBinary: { bytes: 'AP8=' },
    });
    expect(await secrets('get_secret_value', { SecretId: created.ARN, VersionStage: 'AWSPREVIOUS' })).toMatchObject({
      SecretString: 'ü "1"',
    });
    const Filters = [{ Key: 'name', Values: ['mine/'] }];
    expect(await secrets('list_secrets', { Filters })).toMatchObject({ SecretList: [{ Name: 'mine/uber' }] });
    await secrets('delete_secret', { SecretId: created.ARN, ForceDeleteWithoutRecovery: true });
    await expect(secrets('get_secret_value', { SecretId: created.ARN })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      message: expect.stringContaining("Secrets Manager can't find the specified secret."),
    });
  });

  test('boto3 can create and use a table', async () => {
    const dynamodb = boto3.client('dynamodb');
    const key = { AttributeName: 'id', KeyType: 'HASH' };
    const AttributeDefinitions = [{ AttributeName: 'id', AttributeType: 'S' }];
    const definition = { TableName: 'mine', KeySchema: [key], AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' };
    await dynamodb('create_table', definition);
    const Item = { id: { S: 'ü' }, data: { B: { bytes: 'AP8=' } } };
    await dynamodb('put_item', { TableName: 'mine', Item });
    expect(await dynamodb('scan', { TableName: 'mine' })).toMatchObject({ Items: [Item] });
    const again = { TableName: 'mine', Item, ConditionExpression: 'attribute_not_exists(id)' };
    await expect(dynamodb('put_item', again)).rejects.toMatchObject({ code: 'ConditionalCheckFailedException' });
  });
});

test('a failed delivery is a function error that contains neither the key nor the event', async () => {
  const QueueUrl = `${stack.url}/123456789012/lastmile-local-dead-letters`;
  await boto3.client('sqs')('delete_queue', { QueueUrl });
  const answer = await invoke({ apiDestination: 'rejecting', event });
  expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
  expect(answer.Payload).toMatchObject({ errorType: expect.any(String), errorMessage: expect.any(String) });
  expect(JSON.stringify(answer.Payload)).not.toMatch(/opensesame|Zoë/);
});

test('the stack names a service that it does not have in its refusal', async () => {
  for (const [service, operation] of [
    ['sns', 'list_topics'],
    ['logs', 'describe_log_groups'],
  ] as const) {
    await expect(boto3.client(service)(operation)).rejects.toMatchObject({
      code: 'UnknownOperationException',
      status: 404,
      message: expect.stringContaining(`There is no service '${service}' here`),
    });
  }
});
