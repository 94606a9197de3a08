import { afterAll, expect, test } from 'vitest';
import { sharedStack } from '../fixtures/stack.ts';
import { type Boto3, type Boto3Client, startBoto3 } from './boto3.ts';

let boto3: Boto3;
let events: Boto3Client;
const arns: Record<string, string> = {};

const destinationsOf = { shop: ['a-1', 'a-2', 'b-1', 'b-2', 'b-3'], bank: ['a-3', 'b-4', 'c-1'] };

sharedStack.beforeAll(async ({ stack }) => {
  boto3 = startBoto3(stack.url);
  events = boto3.client('events');
  for (const [name, destinations] of Object.entries(destinationsOf)) {
    arns[name] = await createConnection(events, name);
    for (const destination of destinations) await createDestination(destination, name);
  }
});

afterAll(() => boto3.close());

async function createConnection(client: Boto3Client, Name: string): Promise<string> {
  const { ConnectionArn } = await client<{ ConnectionArn: string }>('create_connection', {
    Name,
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'opensesame' } },
  });
  return ConnectionArn;
}

function createDestination(Name: string, connection: string) {
  const InvocationEndpoint = 'https://example.com/';
  const input = { Name, ConnectionArn: arns[connection], InvocationEndpoint, HttpMethod: 'POST' };
  return events('create_api_destination', input);
}

interface Page {
  readonly Connections?: readonly { readonly Name: string }[];
  readonly ApiDestinations?: readonly { readonly Name: string }[];
  readonly NextToken?: string;
}

async function list(operation: 'list_connections' | 'list_api_destinations', input: object) {
  const { Connections, ApiDestinations, NextToken } = await events<Page>(operation, { ...input });
  return { names: (Connections ?? ApiDestinations ?? []).map(({ Name }) => Name), NextToken };
}

/** Follows NextToken to the last page. */
async function pages(operation: Parameters<typeof list>[0], input: object): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  let token: object = {};
  for (;;) {
    const { names, NextToken } = await list(operation, { ...input, ...token });
    found.push(names);
    if (NextToken === undefined) return found;
    token = { NextToken };
  }
}

test('connections are listed by name prefix, without the members that only DescribeConnection returns', async () => {
  expect((await list('list_connections', {})).names).toEqual(['bank', 'shop']);
  expect((await list('list_connections', { NamePrefix: 'sh' })).names).toEqual(['shop']);
  expect((await list('list_connections', { ConnectionState: 'DEAUTHORIZED' })).names).toEqual([]);
  const { Connections } = await events<{ Connections: readonly object[] }>('list_connections', { NamePrefix: 'shop' });
  const time = { time: expect.any(Number) };
  expect(Connections).toEqual([
    {
      ConnectionArn: arns['shop'],
      Name: 'shop',
      ConnectionState: 'AUTHORIZED',
      AuthorizationType: 'API_KEY',
      CreationTime: time,
      LastModifiedTime: time,
      LastAuthorizedTime: time,
    },
  ]);
});

test('destinations are listed by prefix, by connection, and by both', async () => {
  const filtered = async (input: object) => (await list('list_api_destinations', input)).names;
  expect(await filtered({})).toEqual(['a-1', 'a-2', 'a-3', 'b-1', 'b-2', 'b-3', 'b-4', 'c-1']);
  expect(await filtered({ NamePrefix: 'b-' })).toEqual(['b-1', 'b-2', 'b-3', 'b-4']);
  expect(await filtered({ ConnectionArn: arns['bank'] })).toEqual(destinationsOf.bank);
  expect(await filtered({ ConnectionArn: arns['bank'], NamePrefix: 'b-' })).toEqual(['b-4']);
});

test('the pages of a list contain every item once, with and without filters', async () => {
  expect(await pages('list_connections', { Limit: 1 })).toEqual([['bank'], ['shop']]);
  expect(await pages('list_api_destinations', { ConnectionArn: arns['shop'], Limit: 2 })).toEqual([
    ['a-1', 'a-2'],
    ['b-1', 'b-2'],
    ['b-3'],
  ]);
  const both = { ConnectionArn: arns['shop'], NamePrefix: 'b-', Limit: 2 };
  expect(await pages('list_api_destinations', both)).toEqual([['b-1', 'b-2'], ['b-3']]);
});

test('items that are created or deleted between two pages do not shift the other items', async () => {
  const first = await list('list_api_destinations', { NamePrefix: 'b-', Limit: 2 });
  await createDestination('b-0', 'shop');
  await createDestination('b-25', 'shop');
  await events('delete_api_destination', { Name: 'b-1' });
  const second = await list('list_api_destinations', { NamePrefix: 'b-', Limit: 10, NextToken: first.NextToken });
  expect([first.names, second.names]).toEqual([
    ['b-1', 'b-2'],
    ['b-25', 'b-3', 'b-4'],
  ]);
});

test('a NextToken is refused by any list other than the one that returned it', async () => {
  const { NextToken } = await list('list_api_destinations', { Limit: 1 });
  const refused = { code: 'ValidationException', status: 400, message: expect.stringContaining('NextToken') };
  await expect(list('list_api_destinations', { NamePrefix: 'b-', NextToken })).rejects.toMatchObject(refused);
  await expect(list('list_connections', { NextToken })).rejects.toMatchObject(refused);
  await expect(list('list_connections', { NextToken: 'made up' })).rejects.toMatchObject(refused);
});

test('each region has its own connections, destinations, secrets and queues', async () => {
  const elsewhere = boto3.client('events', 'eu-central-1');
  expect(await elsewhere('list_connections')).toMatchObject({ Connections: [] });
  const ConnectionArn = await createConnection(elsewhere, 'shop');
  expect(ConnectionArn).toMatch(/^arn:aws:events:eu-central-1:/);
  const input = { Name: 'x', ConnectionArn, InvocationEndpoint: 'https://example.com/', HttpMethod: 'POST' };
  await expect(events('create_api_destination', input)).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringContaining(`Invalid ARN: '${ConnectionArn}'`),
  });
  const { SecretArn } = await elsewhere<{ SecretArn: string }>('describe_connection', { Name: 'shop' });
  const secrets = boto3.client('secretsmanager');
  await expect(secrets('get_secret_value', { SecretId: SecretArn })).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
  });
});
