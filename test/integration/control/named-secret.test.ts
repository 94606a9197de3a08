import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DeleteConnectionCommand,
  DescribeConnectionCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import { type TokenEndpoint, startTokenEndpoint } from '../../servers/oauth/oauth-token-endpoint.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

/* Connections whose policy names a secret that does not belong to the stack. */

/** The credentials that the endpoint and the token endpoint accept now. */
const accepted = new Set<string>();
/** Ids of the events that the endpoint has accepted. */
const arrived = new Set<unknown>();
const printed: string[] = [];
const patience = { timeout: 100_000 };
let stack: Stack;
let endpoint: RecordingEndpoint;
let tokens: TokenEndpoint;
let events: Clients['events'];
let lambda: Clients['lambda'];
let secrets: Clients['secrets'];

sharedStack.override('answer', () => ({ headers: { authorization = '' }, body }) => {
  const [, password = ''] = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString().split(':');
  const token = authorization.replace('Bearer token-of-', '');
  if (!accepted.has(password) && !accepted.has(token)) return { status: 401 };
  arrived.add((JSON.parse(body) as { id?: unknown }).id);
  return { status: 200 };
});

sharedStack.override('stackOptions', {
  // Retries come soon: the delivery queue delays them by a second at most.
  environment: { RETRY_BASE_DELAY_MS: '50', RETRY_MAX_DELAY_MS: '200' },
  output: { line: (text) => printed.push(text), error: (text) => printed.push(text) },
});

beforeAll(async () => {
  tokens = await startTokenEndpoint(({ body }) => {
    const secret = new URLSearchParams(body).get('client_secret') ?? '';
    if (!accepted.has(secret)) return { status: 401, body: { error: 'invalid_client' } };
    return { body: { access_token: `token-of-${secret}`, token_type: 'Bearer', expires_in: 3600 } };
  });
});

afterAll(() => tokens.close());

sharedStack.beforeAll(({ stack: startedStack, endpoint: startedEndpoint, clients }) => {
  [stack, endpoint] = [startedStack, startedEndpoint];
  ({ events, lambda, secrets } = clients);
});

async function control(operation: string, input: object): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'x-amz-target': `Lastmile.${operation}` };
  const answer = await fetch(stack.url, { method: 'POST', headers, body: JSON.stringify(input) });
  return (await answer.json()) as Readonly<Record<string, unknown>>;
}

const basicText = (password: string) => JSON.stringify({ username: 'team', password });
const oauthText = (secret: string) =>
  JSON.stringify({ client_id: 'team', client_secret: secret, authorization_endpoint: tokens.url, http_method: 'POST' });

const placeholdersWith = (placeholderUrl: string) =>
  ({
    BASIC: { BasicAuthParameters: { Username: 'placeholder', Password: 'placeholder' } },
    OAUTH_CLIENT_CREDENTIALS: {
      OAuthParameters: {
        ClientParameters: { ClientID: 'placeholder', ClientSecret: 'placeholder' },
        AuthorizationEndpoint: placeholderUrl,
        HttpMethod: 'POST',
      },
    },
  }) as const;

async function createWithSecret(
  Name: string,
  AuthorizationType: keyof ReturnType<typeof placeholdersWith>,
  text: string,
) {
  const created = { Name, AuthorizationType, AuthParameters: placeholdersWith(tokens.url)[AuthorizationType] };
  const { ConnectionArn } = await events.send(new CreateConnectionCommand(created));
  const InvocationEndpoint = `${endpoint.origin}/${Name}`;
  await events.send(new CreateApiDestinationCommand({ Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' }));
  const secret = await secrets.send(new CreateSecretCommand({ Name: `team/${Name}`, SecretString: text }));
  const answer = await control('PutConnectionPolicy', { ConnectionName: Name, SecretArn: secret.ARN });
  expect(answer).toMatchObject({ ConnectionName: Name, SecretArn: secret.ARN });
  return {
    secretArn: secret.ARN ?? '',
    rotate: async (SecretString: string) =>
      (await secrets.send(new PutSecretValueCommand({ SecretId: secret.ARN, SecretString }))).VersionId,
  };
}

const shown = (Name: string) => events.send(new DescribeConnectionCommand({ Name }));

let count = 0;
const newId = () => `event-${(count += 1)}`;
async function deliver(apiDestination: string, id = newId()): Promise<unknown> {
  const Payload = JSON.stringify({ apiDestination, event: { id } });
  const answer = await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
  return (JSON.parse(answer.Payload?.transformToString() ?? '{}') as { outcome?: unknown }).outcome;
}

/** Sends events until it is stopped. Each lane sends one event after another; the lanes run in parallel. */
function load(apiDestination: string, lanes: number) {
  const running = { stopped: false };
  const outcomes: unknown[] = [];
  const ids: string[] = [];
  const lane = async () => {
    while (!running.stopped) {
      const id = newId();
      ids.push(id);
      outcomes.push(await deliver(apiDestination, id));
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, lane));
  return {
    outcomes,
    /** Ids of the events that the endpoint has not accepted so far. */
    missing: () => ids.filter((id) => !arrived.has(id)),
    async stop(): Promise<void> {
      running.stopped = true;
      await all;
    },
  };
}

const names = async () => {
  const { SecretList = [] } = await secrets.send(new ListSecretsCommand({}));
  return SecretList.map(({ Name = '' }) => Name);
};

const requestsWith = (path: string, authorization: string) =>
  endpoint.requests.filter((request) => request.path === path && request.headers['authorization'] === authorization)
    .length;
const basicOf = (password: string) => `Basic ${Buffer.from(`team:${password}`).toString('base64')}`;

describe('a secret that a policy names', () => {
  test('requests use the credentials in the named secret, and the stack creates no secret of its own', async () => {
    accepted.add('canary-first');
    const { secretArn } = await createWithSecret('shop', 'BASIC', basicText('canary-first'));
    expect(await deliver('shop')).toBe('delivered');
    const description = await shown('shop');
    expect(description).toMatchObject({ ConnectionState: 'AUTHORIZED', SecretArn: secretArn });
    expect(description.AuthParameters).toBeUndefined();
    expect((await names()).filter((name) => name.startsWith('events!connection/shop/'))).toEqual([]);
    await expect(
      events.send(new UpdateConnectionCommand({ Name: 'shop', AuthParameters: placeholdersWith('').BASIC })),
    ).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining('names the secret') });
  });

  test('a named secret is not removed with its connection', async () => {
    const { secretArn } = await createWithSecret('leaving', 'BASIC', basicText('canary-first'));
    await events.send(new DeleteConnectionCommand({ Name: 'leaving' }));
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
    expect(SecretString).toBe(basicText('canary-first'));
  });

  test('naming a secret during an update of the credentials either succeeds completely or changes nothing', async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `race-${round}`;
      const created = { Name: name, AuthorizationType: 'BASIC', AuthParameters: placeholdersWith('').BASIC } as const;
      await events.send(new CreateConnectionCommand(created));
      const { ARN } = await secrets.send(
        new CreateSecretCommand({ Name: `team/${name}`, SecretString: basicText('x') }),
      );
      const AuthParameters = { BasicAuthParameters: { Username: 'updated', Password: 'updated' } };
      const [put, updated] = await Promise.all([
        control('PutConnectionPolicy', { ConnectionName: name, SecretArn: ARN }),
        events.send(new UpdateConnectionCommand({ Name: name, AuthParameters })).then(
          () => 'updated',
          (error: unknown) => (error as Error).name,
        ),
      ]);
      const { SecretArn, ConnectionState } = await shown(name);
      expect(ConnectionState).toBe('AUTHORIZED');
      if ('SecretArn' in put) expect(SecretArn).toBe(ARN);
      else expect([put['__type'], updated]).toEqual(['ConcurrentModificationException', 'updated']);
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: SecretArn }));
      expect(SecretString).toContain('SecretArn' in put ? 'team' : 'updated');
      await events.send(new DeleteConnectionCommand({ Name: name }));
      expect((await names()).filter((each) => each.includes(name))).toEqual([`team/${name}`]);
    }
  });
});

describe('a rotation while events come', () => {
  test('workers read the named secret again after a 401, so every event is delivered after a rotation', async () => {
    accepted.add('canary-old');
    const { rotate } = await createWithSecret('rotating', 'BASIC', basicText('canary-old'));
    const running = load('rotating', 4);
    await expect.poll(() => running.outcomes.length, patience).toBeGreaterThan(10);
    accepted.add('canary-new');
    const version = await rotate(basicText('canary-new'));
    accepted.delete('canary-old');
    await expect.poll(() => requestsWith('/rotating', basicOf('canary-new')), patience).toBeGreaterThan(20);
    await running.stop();
    expect(running.outcomes.filter((outcome) => outcome !== 'delivered')).toEqual([]);
    expect(running.missing()).toEqual([]);
    expect(version).toBeDefined();
    expect(await shown('rotating')).toMatchObject({ ConnectionState: 'AUTHORIZED' });
  });

  test('events are delayed but not lost when the endpoint accepts new credentials before the secret contains them', async () => {
    accepted.add('canary-before');
    const { rotate } = await createWithSecret('early', 'BASIC', basicText('canary-before'));
    const running = load('early', 2);
    await expect.poll(() => running.outcomes.length, patience).toBeGreaterThan(4);
    accepted.delete('canary-before');
    accepted.add('canary-after');
    const refused = requestsWith('/early', basicOf('canary-before'));
    await expect.poll(() => requestsWith('/early', basicOf('canary-before')), patience).toBeGreaterThan(refused + 4);
    await rotate(basicText('canary-after'));
    await expect.poll(() => requestsWith('/early', basicOf('canary-after')), patience).toBeGreaterThan(10);
    await running.stop();
    // Refused events are in the delivery queue, and arrive with their retries.
    expect(new Set(running.outcomes)).toEqual(new Set(['delivered', 'deferred']));
    await expect.poll(running.missing, patience).toEqual([]);
    expect(printed.filter((line) => line.includes('  dead-lettered  early  '))).toEqual([]);
    expect(await shown('early')).toMatchObject({ ConnectionState: 'AUTHORIZED' });
  });

  test('workers read the named secret again when the token endpoint refuses the client secret', async () => {
    accepted.add('canary-client-1');
    const { rotate } = await createWithSecret('oauth', 'OAUTH_CLIENT_CREDENTIALS', oauthText('canary-client-1'));
    await expect.poll(async () => (await shown('oauth')).ConnectionState, patience).toBe('AUTHORIZED');
    expect(await deliver('oauth')).toBe('delivered');
    accepted.add('canary-client-2');
    await rotate(oauthText('canary-client-2'));
    accepted.delete('canary-client-1');
    expect(await deliver('oauth')).toBe('delivered');
    expect(requestsWith('/oauth', 'Bearer token-of-canary-client-2')).toBe(1);
    expect(await shown('oauth')).toMatchObject({ ConnectionState: 'AUTHORIZED' });
  });

  test('a new client secret in the named secret authorizes a deauthorized connection again', async () => {
    accepted.add('canary-client-3');
    const { rotate } = await createWithSecret('gap', 'OAUTH_CLIENT_CREDENTIALS', oauthText('canary-wrong'));
    await expect.poll(async () => (await shown('gap')).ConnectionState, patience).toBe('DEAUTHORIZED');
    expect(await deliver('gap')).toBe('dead-lettered');
    await rotate(oauthText('canary-client-3'));
    expect(await deliver('gap')).toBe('delivered');
    expect(await shown('gap')).toMatchObject({ ConnectionState: 'AUTHORIZED' });
  });
});

test('the output of the stack contains no value from a named secret', () => {
  expect(printed.length).toBeGreaterThan(20);
  expect(printed.join('\n')).not.toContain('canary');
});
