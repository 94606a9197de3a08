import { afterAll, expect, test } from 'vitest';
import { sharedStack } from '../fixtures/stack.ts';
import { type Boto3, type Boto3Client, startBoto3 } from './boto3.ts';

let boto3: Boto3;
let events: Boto3Client;
let ConnectionArn: string;

const basic = { BasicAuthParameters: { Username: 'jo', Password: 'password-canary' } };

sharedStack.beforeAll(async ({ stack }) => {
  boto3 = startBoto3(stack.url);
  events = boto3.client('events');
  const created = await events<{ ConnectionArn: string }>('create_connection', connection({ Name: 'there' }));
  ConnectionArn = created.ConnectionArn;
  await events('create_api_destination', destination({ Name: 'there' }));
});

afterAll(() => boto3.close());

function connection(changes: object) {
  return { Name: 'new', AuthorizationType: 'BASIC', AuthParameters: basic, ...changes };
}

function destination(changes: object) {
  const InvocationEndpoint = 'https://example.com/';
  return { Name: 'new', ConnectionArn, InvocationEndpoint, HttpMethod: 'POST', ...changes };
}

const goneArn = 'arn:aws:events:us-east-1:123456789012:connection/there/00000000-0000-0000-0000-000000000000';
const namePattern = 'Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+';

test.each([
  ['create_connection', connection({ Name: 'with blanks!' }), `'with blanks!' at 'name'`, namePattern],
  ['create_api_destination', destination({ Name: 'ünï', ConnectionArn: goneArn }), `'ünï' at 'name'`, namePattern],
  [
    'create_connection',
    connection({ AuthorizationType: 'DIGEST' }),
    `'DIGEST' at 'authorizationType'`,
    'Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]',
  ],
  [
    'update_api_destination',
    { Name: 'there', HttpMethod: 'BREW' },
    `'BREW' at 'httpMethod'`,
    'Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]',
  ],
])(
  '%s with one invalid member is refused with the message of EventBridge',
  async (operation, input, value, constraint) => {
    await expect(events(operation, input)).rejects.toMatchObject({
      code: 'ValidationException',
      status: 400,
      message: `1 validation error detected: Value ${value} failed to satisfy constraint: ${constraint}`,
    });
  },
);

test('one refusal names two invalid members in the order of the service model', async () => {
  const input = destination({ ConnectionArn: 'no-arn', HttpMethod: 'BREW' });
  await expect(events('create_api_destination', input)).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringMatching(
      /^2 validation errors detected: Value 'no-arn' at 'connectionArn' failed .*\+\$; Value 'BREW' at 'httpMethod' failed/,
    ),
  });
});

test('a refusal does not show the value of a sensitive member', async () => {
  const Password = 'password-canary\n';
  const AuthParameters = { BasicAuthParameters: { Username: 'jo', Password } };
  await expect(events('create_connection', connection({ AuthParameters }))).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringMatching(
      /^1 validation error detected: Value at 'authParameters\.basicAuthParameters\.password'/,
    ),
  });
});

test.each([
  ['an http endpoint', { InvocationEndpoint: 'http://example.com/' }, 'http://example.com/'],
  ['an endpoint without a host', { InvocationEndpoint: 'https:///x' }, 'https:///x'],
  ['a wildcard in the host', { InvocationEndpoint: 'https://*.example.com/' }, 'https://*.example.com/'],
])('%s is refused with an error that shows the endpoint', async (_, changes, shown) => {
  await expect(events('create_api_destination', destination(changes))).rejects.toMatchObject({
    code: 'ValidationException',
    message:
      'Failed to create the api-destination(s). Parameter InvocationEndpoint is not valid. ' +
      `Reason: Endpoint '${shown}' is invalid, please provide a valid HTTPS endpoint URL.`,
  });
});

test.each(['describe', 'update', 'delete', 'deauthorize'])(
  'the operation to %s a connection is refused when the connection does not exist',
  async (verb) => {
    await expect(events(`${verb}_connection`, { Name: 'nowhere' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 400,
      message: expect.stringContaining(`Failed to ${verb} the connection(s). Connection 'nowhere' does not exist.`),
    });
  },
);

test.each(['describe', 'update', 'delete'])(
  'the operation to %s a destination is refused when the destination does not exist',
  async (verb) => {
    await expect(events(`${verb}_api_destination`, { Name: 'nowhere' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 400,
      message: expect.stringContaining(
        `Failed to ${verb} the api-destination(s). An api-destination 'nowhere' does not exist.`,
      ),
    });
  },
);

test('a destination is refused when the ARN of its connection is unknown or belongs to a deleted connection', async () => {
  await expect(events('create_api_destination', destination({ ConnectionArn: goneArn }))).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    status: 400,
    message: `Failed to create the api-destination(s). Connection '${goneArn}' does not exist.`,
  });
});

test('a name that is already in use is refused for connections and for destinations', async () => {
  const refused = { code: 'ResourceAlreadyExistsException', status: 400 };
  await expect(events('create_connection', connection({ Name: 'there' }))).rejects.toMatchObject(refused);
  await expect(events('create_api_destination', destination({ Name: 'there' }))).rejects.toMatchObject(refused);
});

test('credentials that do not fit the authorization type are refused, and the error names the parameter', async () => {
  const wrong = { ApiKeyAuthParameters: { ApiKeyName: 'x', ApiKeyValue: 'key-canary' } };
  await expect(events('create_connection', connection({ AuthParameters: wrong }))).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringContaining('Parameter BasicAuthParameters is not valid'),
  });
  await expect(events('create_connection', connection({ AuthParameters: {} }))).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringContaining('Parameter BasicAuthParameters is not valid'),
  });
});

test('an EventBridge operation that the stack does not support is an UnknownOperationException', async () => {
  await expect(events('list_partner_event_sources', { NamePrefix: 'aws.partner' })).rejects.toMatchObject({
    code: 'UnknownOperationException',
    status: 400,
  });
});
