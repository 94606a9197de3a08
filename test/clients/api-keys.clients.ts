import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { sharedStack } from '../fixtures/stack.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { type AwsCli, clientEnvironment, type Ended, python, run, startAwsCli } from './client-processes.ts';

const command = join(import.meta.dirname, '..', '..', 'lib', 'commands', 'lastmile.ts');
let stack: Stack;
let endpoint: RecordingEndpoint;
let control: string;
let cli: AwsCli;

sharedStack.override('stackOptions', { auth: true, environment: { CACHE_SECONDS: '0' } });

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint }) => {
  [stack, endpoint] = [startedStack, startedEndpoint];
  cli = startAwsCli(stack.url);
  control = await createKey('control');
});

afterAll(() => cli.close());

/** Creates a key as `npm run keys` does. */
async function createKey(api: string): Promise<string> {
  const env = { ...clientEnvironment, AWS_ENDPOINT_URL: stack.url };
  return (await run(process.execPath, [command, 'keys', 'create', '--api', api], { env })).stdout.trim();
}

const credentialsOf = (key: string) => ({ AWS_ACCESS_KEY_ID: key.slice(0, 14), AWS_SECRET_ACCESS_KEY: key });

/** The AWS CLI with an API key as its credentials. */
function aws(key: string, ...args: readonly string[]): Promise<Ended> {
  return cli.run(args, credentialsOf(key));
}

async function done<Members>(ended: Promise<Ended>): Promise<Members> {
  const { status, stdout, stderr } = await ended;
  if (status !== 0) throw new Error(stderr);
  return (stdout.trim() === '' ? {} : JSON.parse(stdout)) as Members;
}

/** Arguments that set the expiry of a key in the table to the past, because the API does not allow less than a day. */
function expiryInThePast(key: string): readonly string[] {
  const item = `{"pk":{"S":"API_KEY#control"},"sk":{"S":"${key.slice(0, 14)}"}}`;
  const set = ['--update-expression', 'SET expiresAtSeconds = :then'];
  const values = '{":then":{"N":"1700000000"}}';
  return ['--table-name', 'lastmile-local', '--key', item, ...set, '--expression-attribute-values', values];
}

describe('the AWS CLI', () => {
  test('the AWS CLI creates and lists connections and API destinations with an API key as its credentials', async () => {
    const auth = 'ApiKeyAuthParameters={ApiKeyName=x-api-key,ApiKeyValue=opensesame}';
    const connection = ['--name', 'shop', '--authorization-type', 'API_KEY', '--auth-parameters', auth];
    const created = done<{ ConnectionArn: string }>(aws(control, 'events', 'create-connection', ...connection));
    const { ConnectionArn } = await created;
    const destination = ['--name', 'orders', '--http-method', 'POST', '--connection-arn', ConnectionArn];
    const where = ['--invocation-endpoint', `${endpoint.origin}/orders`];
    await done(aws(control, 'events', 'create-api-destination', ...destination, ...where));
    const list = ['list-api-destinations', '--connection-arn', ConnectionArn];
    expect(await done(aws(control, 'events', ...list))).toMatchObject({ ApiDestinations: [{ Name: 'orders' }] });
  });

  test('the AWS CLI manages API keys with AppSync’s commands', async () => {
    const appsync = (...args: string[]) => done(aws(control, 'appsync', ...args));
    const created = (await appsync('create-api-key', '--api-id', 'events', '--description', 'Zoë’s')) as {
      apiKey: { id: string; expires: number };
    };
    const { id, expires } = created.apiKey;
    expect(created).toMatchObject({ apiKey: { description: 'Zoë’s', expires, deletes: expires + 60 * 86_400 } });
    const later = String(expires + 86_400);
    const update = ['update-api-key', '--api-id', 'events', '--id', id.slice(0, 14), '--expires', later];
    expect(await appsync(...update)).toMatchObject({ apiKey: { expires: expires + 86_400 } });
    for (let count = 0; count < 3; count += 1) await appsync('create-api-key', '--api-id', 'events');
    const { apiKeys } = (await appsync('list-api-keys', '--api-id', 'events', '--page-size', '2')) as {
      apiKeys: readonly { id: string }[];
    };
    expect(apiKeys).toHaveLength(4);
    await appsync('delete-api-key', '--api-id', 'events', '--id', id);
    const again = await aws(control, 'appsync', 'delete-api-key', '--api-id', 'events', '--id', id.slice(0, 14));
    expect(again).toMatchObject({ status: 254, stderr: expect.stringContaining('(NotFoundException)') });
    const short = ['create-api-key', '--api-id', 'events', '--expires', '1700000000'];
    expect((await aws(control, 'appsync', ...short)).stderr).toContain(
      '(ApiKeyValidityOutOfBoundsException) when calling the CreateApiKey operation: API key must be valid for a minimum of 1 days.',
    );
  });

  test('the AWS CLI publishes events with a key for events, and every other operation is denied', async () => {
    const key = await createKey('events');
    const entries = '[{"Source":"shop","DetailType":"t","Detail":"{}"}]';
    expect(await done(aws(key, 'events', 'put-events', '--entries', entries))).toMatchObject({ FailedEntryCount: 0 });
    for (const operation of ['list-connections', 'list-rules']) {
      expect((await aws(key, 'events', operation)).stderr).toContain('(AccessDeniedException)');
    }
    const { stderr } = await aws(key, 'appsync', 'list-api-keys', '--api-id', 'events');
    expect(stderr).toContain('(AccessDeniedException)');
  });

  test('the AWS CLI is refused with a deleted, an expired, an unknown and a missing key', async () => {
    const deleted = await createKey('control');
    await done(aws(control, 'appsync', 'delete-api-key', '--api-id', 'control', '--id', deleted));
    const expired = await createKey('control');
    await done(aws(control, 'dynamodb', 'update-item', ...expiryInThePast(expired)));
    for (const key of [deleted, expired, `da2-${'a'.repeat(42)}`, 'local']) {
      const { status, stderr } = await aws(key, 'events', 'list-connections');
      expect([status, stderr]).toEqual([254, expect.stringContaining('(UnrecognizedClientException)')]);
    }
    const unsigned = await aws(control, '--no-sign-request', 'events', 'list-connections');
    expect(unsigned.stderr).toContain('(MissingAuthenticationTokenException)');
    const rest = await aws(deleted, 'appsync', 'list-api-keys', '--api-id', 'control');
    expect(rest.stderr).toContain('(UnauthorizedException)');
  });
});

/** Signs a request with botocore, changes the signed request, and prints the status and the body of the answer. */
const program = `
import sys, urllib.request, urllib.error, datetime, json
import botocore.auth, botocore.awsrequest, botocore.credentials
key, url, change = sys.argv[1:4]
credentials = botocore.credentials.Credentials(key[:14], key)
service = 'monitoring' if change == 'service' else 'events'
target = 'AWSEvents.ListConnections'
request = botocore.awsrequest.AWSRequest(method='POST', url=url, data=b'{}', headers={
    'X-Amz-Target': target, 'Content-Type': 'application/x-amz-json-1.1'})
if change == 'date':
    class Old(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(seconds=330)
    botocore.auth.datetime = type('module', (), {'datetime': Old})
if change == 'host':
    request.headers['host'] = 'another.example'
botocore.auth.SigV4Auth(credentials, service, 'us-east-1').add_auth(request)
if change == 'host':
    del request.headers['host']
headers = {name: value for name, value in request.headers.items()}
body = b'{"Limit":1}' if change == 'body' else b'{}'
try:
    answer = urllib.request.urlopen(urllib.request.Request(url + '/', data=body, headers=headers, method='POST'))
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, json.loads(answer.read() or b'{}').get('__type'))
`;

describe('signatures of botocore', () => {
  test.each([
    ['accepted', 'nothing', '200 None'],
    ['refused with a changed body', 'body', '400 UnrecognizedClientException'],
    ['refused with a changed host', 'host', '400 UnrecognizedClientException'],
    ['refused with an old date', 'date', '400 UnrecognizedClientException'],
    ['refused with another service name', 'service', expect.stringMatching(/^4.. /)],
  ])('a request that botocore signed is %s', async (_what, change, expected) => {
    const { stdout, stderr } = await run(python, ['-c', program, control, stack.url, change]);
    expect([stderr, stdout.trim()]).toEqual(['', expected]);
  });
});

test('boto3 creates and lists API keys, and gets a NotFoundException for an unknown API', async () => {
  const calls = `
import boto3, json, sys
client = boto3.client('appsync', endpoint_url=sys.argv[1])
key = client.create_api_key(apiId='events')['apiKey']
ids = [each['id'] for page in client.get_paginator('list_api_keys').paginate(apiId='events') for each in page['apiKeys']]
try:
    client.list_api_keys(apiId='nowhere')
except client.exceptions.NotFoundException as error:
    print(json.dumps([key['id'][:14] in ids, error.response['ResponseMetadata']['HTTPStatusCode']]))
`;
  const env = { ...clientEnvironment, ...credentialsOf(control) };
  const { stdout, stderr } = await run(python, ['-c', calls, stack.url], { env });
  expect([stderr, JSON.parse(stdout)]).toEqual(['', [true, 404]]);
});
