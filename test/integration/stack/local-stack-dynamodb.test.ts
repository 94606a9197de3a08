import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { sharedStack } from '../../fixtures/stack.ts';

let stack: Stack;
let clientIn: (region: string) => DynamoDBClient;

sharedStack.override('stackOptions', { functions: [] });

sharedStack.beforeAll(({ stack: started, clientsWith }) => {
  stack = started;
  clientIn = (region) => clientsWith({ region }).dynamoDb;
});

test('the table of a region exists at the first call, with its index and an ARN of that region', async () => {
  const { Table } = await clientIn('eu-west-1').send(new DescribeTableCommand({ TableName: 'lastmile-local' }));
  expect(Table).toMatchObject({
    TableStatus: 'ACTIVE',
    TableArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/lastmile-local',
    GlobalSecondaryIndexes: [{ IndexName: 'by-connection' }],
  });
});

test('starting the database of a region does not change the environment of the process', async () => {
  const before = [process.env['AWS_REGION'], process.env['AWS_ACCOUNT_ID']];
  await clientIn('sa-east-1').send(new ListTablesCommand({}));
  expect([process.env['AWS_REGION'], process.env['AWS_ACCOUNT_ID']]).toEqual(before);
});

test('a call reaches the database without another socket, so no other process can reach it past the gateway', async () => {
  const others: unknown[] = [];
  const onRequest = (message: unknown): void => {
    const address = (message as { server: Server }).server.address();
    if (typeof address !== 'object' || address?.port !== stack.port) others.push(address);
  };
  subscribe('http.server.request.start', onRequest);
  try {
    await clientIn('us-east-1').send(new ListTablesCommand({}));
  } finally {
    unsubscribe('http.server.request.start', onRequest);
  }
  expect(others).toEqual([]);
});

test('twenty simultaneous first calls of a region create one table', async () => {
  const here = clientIn('ap-south-1');
  const key = { pk: { S: 'A' }, sk: { S: 'B' } };
  const puts = Array.from({ length: 20 }, () =>
    here.send(new PutItemCommand({ TableName: 'lastmile-local', Item: key })),
  );
  await Promise.all(puts);
  const get = new GetItemCommand({ TableName: 'lastmile-local', Key: key });
  expect((await here.send(get)).Item).toEqual(key);
  expect((await clientIn('ap-south-2').send(get)).Item).toBeUndefined();
});

test.each([
  ['half a JSON object', '{', /SerializationException$/],
  ['null', 'null', /SerializationException$/],
  ['a list', '[]', /SerializationException$/],
  ['a number', '7', /SerializationException$/],
  ['no text', '', /SerializationException$/],
  ['null as the value of a key', '{"TableName":"lastmile-local","Key":{"pk":null}}', /ValidationException$/],
  [
    'null in the list of a key',
    '{"TableName":"lastmile-local","Key":{"pk":{"S":"a"},"sk":{"L":[null]}}}',
    /ValidationException$/,
  ],
  ['null as the name of the table', '{"TableName":null,"Key":{}}', /ValidationException$/],
])('the database refuses a body with %s and keeps running', async (_what, body, type) => {
  const credential = 'AKID/20260101/us-east-1/dynamodb/aws4_request';
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    'x-amz-date': '20260101T000000Z',
    'x-amz-target': 'DynamoDB_20120810.GetItem',
    'content-type': 'application/x-amz-json-1.0',
  };
  const response = await fetch(stack.url, { method: 'POST', headers, body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ __type: expect.stringMatching(type) });
  const { TableNames } = await clientIn('us-east-1').send(new ListTablesCommand({}));
  expect(TableNames).toEqual(['lastmile-local']);
});

test("the database returns the string 'null' as a string and not as a null", async () => {
  const client = clientIn('us-east-1');
  const Item = { pk: { S: 'null' }, sk: { S: '"null"' }, n: { NULL: true as const } };
  await client.send(new PutItemCommand({ TableName: 'lastmile-local', Item }));
  const { pk, sk } = Item;
  const get = new GetItemCommand({ TableName: 'lastmile-local', Key: { pk, sk } });
  expect((await client.send(get)).Item).toEqual(Item);
});

const refusedWrites = {
  PutItem: (input: ConditionalWrite) => new PutItemCommand({ ...input, Item: input.Key }),
  UpdateItem: (input: ConditionalWrite) => new UpdateItemCommand(input),
  DeleteItem: (input: ConditionalWrite) => new DeleteItemCommand(input),
};

interface ConditionalWrite {
  readonly TableName: string;
  readonly Key: Record<string, { S: string }>;
  readonly ConditionExpression: string;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

describe.each(Object.entries(refusedWrites))('%s with a condition', (operation, commandOf) => {
  const pk = { S: `condition of ${operation}` };
  const stored = { pk, sk: { S: 'stored' }, n: { N: '7' }, list: { L: [{ M: { b: { BOOL: true } } }] } };

  async function refusalOf(sk: string, returned?: 'ALL_OLD' | 'NONE'): Promise<unknown> {
    const client = clientIn('us-east-1');
    await client.send(new PutItemCommand({ TableName: 'lastmile-local', Item: stored }));
    const command = commandOf({
      TableName: 'lastmile-local',
      Key: { pk, sk: { S: sk } },
      ConditionExpression: 'attribute_exists(absent)',
      ...(returned !== undefined && { ReturnValuesOnConditionCheckFailure: returned }),
    });
    return (client.send(command as PutItemCommand) as Promise<unknown>).catch((error: unknown) => error);
  }

  test(`a refused condition of ${operation} returns the stored item if the request asks for ALL_OLD`, async () => {
    const refusal = await refusalOf('stored', 'ALL_OLD');
    expect(refusal).toBeInstanceOf(ConditionalCheckFailedException);
    expect(refusal).toMatchObject({ message: 'The conditional request failed', Item: stored });
  });

  test.each([
    ['for NONE', 'stored', 'NONE'],
    ['for nothing', 'stored', undefined],
    ['for ALL_OLD of an item that does not exist', 'missing', 'ALL_OLD'],
  ] as const)(
    `a refused condition of ${operation} returns no item if the request asks %s`,
    async (_what, sk, returned) => {
      const refusal = await refusalOf(sk, returned);
      expect(refusal).toBeInstanceOf(ConditionalCheckFailedException);
      expect((refusal as ConditionalCheckFailedException).Item).toBeUndefined();
    },
  );

  test(`${operation} refuses an unknown value of ReturnValuesOnConditionCheckFailure`, async () => {
    expect(await refusalOf('stored', 'ALL_NEW' as 'ALL_OLD')).toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/'returnValuesOnConditionCheckFailure'.*enum value set: \[ALL_OLD, NONE\]/),
    });
  });
});
