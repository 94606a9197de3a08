import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import type { TokenEndpointAnswer } from '../../servers/oauth/oauth-token-endpoint.ts';
import {
  canaries,
  granted,
  refusedCredentials,
  type Surroundings,
  type WatchedStack,
  wrongTokenAnswers,
} from './canary-story.ts';

const secret = (Key: string, Value: string) => ({ Key, Value, IsValueSecret: true });

const basic = {
  BasicAuthParameters: { Username: 'jo', Password: canaries.password },
  InvocationHttpParameters: {
    HeaderParameters: [secret('x-parameter', canaries.header)],
    QueryStringParameters: [secret('parameter', canaries.query)],
    BodyParameters: [secret('parameter', canaries.body)],
  },
};

const apiKey = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: canaries.apiKey } };

const oauth = (AuthorizationEndpoint: string) => ({
  OAuthParameters: {
    ClientParameters: { ClientID: 'client', ClientSecret: canaries.clientSecret },
    AuthorizationEndpoint,
    HttpMethod: 'POST',
    OAuthHttpParameters: {
      HeaderParameters: [secret('x-token', canaries.tokenHeader)],
      BodyParameters: [secret('audience', canaries.tokenBody)],
    },
  },
});

/** Creates four connections, and a destination for every possible outcome of a request. */
export async function createEverything(stack: WatchedStack, surroundings: Surroundings): Promise<void> {
  const { endpoint, garbage, tokenEndpoint } = surroundings;
  const arns = new Map<string, string>();
  const kinds = [
    ['basic', 'BASIC', basic],
    ['key', 'API_KEY', apiKey],
    ['oauth', 'OAUTH_CLIENT_CREDENTIALS', oauth(tokenEndpoint.url)],
    ['kept', 'BASIC', basic],
  ] as const;
  for (const [Name, AuthorizationType, AuthParameters] of kinds) {
    const { text } = await stack.control('CreateConnection', { Name, AuthorizationType, AuthParameters });
    arns.set(Name, (JSON.parse(text) as { ConnectionArn: string }).ConnectionArn);
  }
  const port = new URL(endpoint.origin).port;
  const endpoints = {
    ...Object.fromEntries(statuses.map((status) => [`basic-${status}`, `${endpoint.origin}/status/${status}`])),
    'basic-never': `${endpoint.origin}/never`,
    'basic-refused': 'http://127.0.0.1:1/',
    'basic-garbage': `${garbage.origin}/`,
    'basic-tls': `https://127.0.0.1:${port}/`,
    'key-200': `${endpoint.origin}/status/200`,
    'key-policy': `${endpoint.origin}/status/200`,
    'key-signed': `${endpoint.origin}/status/200?signed`,
    'key-400': `${endpoint.origin}/status/400`,
    'kept-200': `${endpoint.origin}/status/200`,
    'kept-401': `${endpoint.origin}/status/401`,
    'oauth-200': `${endpoint.origin}/status/200`,
    'oauth-401': `${endpoint.origin}/status/401`,
  };
  for (const [Name, InvocationEndpoint] of Object.entries(endpoints)) {
    const ConnectionArn = arns.get(Name.replace(/-.*/, ''));
    await stack.control('CreateApiDestination', { Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' });
  }
  await nameSecrets(stack);
  await nameCredentials(stack, 'kept');
  await moveAndLoosen(stack, port);
  for (const Name of arns.keys()) await stack.control('DescribeConnection', { Name });
}

/** Puts one delivery policy whose secret is not a usable certificate, and one that signs requests. */
async function nameSecrets(stack: WatchedStack): Promise<void> {
  const useless = await createSecret(stack, 'useless', `-----BEGIN PRIVATE KEY-----\n${canaries.policySecret}`);
  await stack.policy('PutDeliveryPolicy', { ApiDestinationName: 'key-policy', ClientCertificateSecretArn: useless });
  const key = Buffer.from(canaries.signingKey).toString('base64');
  const SecretArn = await createSecret(stack, 'signing', `whsec_${key}`);
  await stack.policy('PutDeliveryPolicy', { ApiDestinationName: 'key-signed', Signing: { SecretArn } });
}

/** Names a secret in a connection policy, first with unusable texts and then with valid credentials. */
async function nameCredentials(stack: WatchedStack, ConnectionName: string): Promise<void> {
  const useless = [canaries.kept, `{"username": "${canaries.kept}"}`, `{"api_key_name": "${canaries.kept} "}`];
  const good = JSON.stringify({ username: 'jo', password: canaries.kept });
  for (const [index, text] of [...useless, good].entries()) {
    const SecretArn = await createSecret(stack, `kept-${index}`, text);
    await stack.policy('PutConnectionPolicy', { ConnectionName, SecretArn });
    await stack.policy('GetConnectionPolicy', { ConnectionName });
  }
}

/** Makes every change that is logged as a security event. */
async function moveAndLoosen(stack: WatchedStack, port: string): Promise<void> {
  await stack.policy('PutConnectionPolicy', { ConnectionName: 'key', AllowedHosts: ['127.0.0.1', 'localhost'] });
  await stack.policy('DeleteConnectionPolicy', { ConnectionName: 'key' });
  const InvocationEndpoint = `http://localhost:${port}/status/400`;
  await stack.control('UpdateApiDestination', { Name: 'key-400', InvocationEndpoint });
  await stack.policy('PutDeliveryPolicy', { ApiDestinationName: 'key-400', ServerName: 'localhost' });
}

async function createSecret(stack: WatchedStack, Name: string, SecretString: string): Promise<string> {
  const headers = {
    'x-amz-target': 'secretsmanager.CreateSecret',
    'x-amz-date': '20260101T000000Z',
    'content-type': 'application/x-amz-json-1.1',
  };
  const body = JSON.stringify({ Name, SecretString, ClientRequestToken: randomUUID() });
  const { text } = await stack.send('secretsmanager', '/', headers, body);
  return (JSON.parse(text) as { ARN: string }).ARN;
}

const statuses = [200, 302, 400, 401, 404, 429, 500, 503];

const event = {
  id: 'event-1',
  'detail-type': 'Test',
  source: 'test',
  detail: { value: canaries.event, list: [canaries.event] },
};

function envelope(apiDestination: string, target: object = {}) {
  return {
    apiDestination,
    event,
    target: { HttpParameters: { HeaderParameters: { 'x-target': canaries.targetHeader } }, ...target },
  };
}

/** Delivers events successfully, and one event for each way to fail. */
export async function deliverEverything(stack: WatchedStack): Promise<void> {
  const ways = [...statuses, 'never', 'refused', 'garbage', 'tls'].map((way) => `basic-${way}`);
  await Promise.all(
    [...ways, 'key-200', 'key-400', 'key-policy', 'key-signed', 'kept-200', 'kept-401'].map((name) =>
      stack.invoke(envelope(name)),
    ),
  );
  await Promise.all(ways.map((name) => stack.invoke(envelope(name), 'Event')));
  await Promise.all(undeliverable.map((input) => stack.invoke(input)));
}

const headers = (value: unknown) => ({ HttpParameters: { HeaderParameters: { 'x-target': value } } });

/** Invalid inputs and targets. Each one has a secret in the invalid member or next to it. */
const undeliverable: readonly unknown[] = [
  `{"apiDestination": "basic-200", "event": ${canaries.event}`,
  canaries.event,
  JSON.stringify(canaries.event),
  [event],
  event,
  { apiDestination: 'nowhere', event },
  { apiDestination: { name: canaries.event }, event },
  { apiDestination: 'basic-200', event: canaries.event },
  envelope('basic-200', { Input: canaries.event, InputPath: '$.detail' }),
  envelope('basic-200', { Input: canaries.event }),
  envelope('basic-200', { InputPath: `$[${canaries.event}` }),
  envelope('basic-200', { InputPath: '$.detail.value' }),
  envelope('basic-200', { InputTransformer: { InputTemplate: `{"x": <${canaries.event}>` } }),
  envelope('basic-200', { InputTransformer: { InputPathsMap: { v: '$.detail.value' }, InputTemplate: '{"x": <v>' } }),
  envelope('basic-200', headers(`${canaries.targetHeader}\r\nx: y`)),
  envelope('basic-200', headers([canaries.targetHeader])),
  {
    ...envelope('basic-200', headers('$.detail.line')),
    event: { ...event, detail: { line: `${canaries.event}\nx: y` } },
  },
  {
    ...envelope('basic-200', headers('$.detail.far')),
    event: { ...event, detail: { far: `${canaries.event} \u{1F600}` } },
  },
  envelope('basic-200', { RetryPolicy: { MaximumRetryAttempts: canaries.event } }),
];

/** Delivers while the token endpoint gives invalid answers, while it refuses the client, and after it works again. */
export async function authorizeEverything(stack: WatchedStack, surroundings: Surroundings): Promise<void> {
  await settled(stack);
  for (const answer of wrongTokenAnswers) {
    await deliverWithTokenAnswer(stack, surroundings, answer);
  }
  await deliverWithTokenAnswer(stack, surroundings, refusedCredentials);
  await stack.control('DescribeConnection', { Name: 'oauth' });
  await stack.invoke(envelope('oauth-200'));
  Object.assign(surroundings.token, { answer: granted });
  const AuthParameters = oauth(surroundings.tokenEndpoint.url);
  await stack.control('UpdateConnection', { Name: 'oauth', AuthParameters });
  await settled(stack);
  const isDelivered = async () => (await stack.invoke(envelope('oauth-200'))).text.includes('"outcome":"delivered"');
  await vi.waitUntil(isDelivered, { timeout: 100_000, interval: 250 });
  // The request carries the token now, and the endpoint repeats it.
  await stack.invoke(envelope('oauth-401'));
}

/** Polls until the connection is no longer being authorized. */
async function settled(stack: WatchedStack): Promise<void> {
  for (;;) {
    const { text } = await stack.control('DescribeConnection', { Name: 'oauth' });
    if (!text.includes('"AUTHORIZING"')) return;
  }
}

/** Delivers until the token endpoint has given this answer: it gets no request during the pause after the answer before. */
async function deliverWithTokenAnswer(stack: WatchedStack, surroundings: Surroundings, answer: TokenEndpointAnswer) {
  await forgetToken(stack);
  Object.assign(surroundings.token, { answer });
  const hasAnswered = async () => {
    await stack.invoke(envelope('oauth-200'));
    return surroundings.answered.includes(answer);
  };
  await vi.waitUntil(hasAnswered, { timeout: 100_000, interval: 250 });
}

async function forgetToken(stack: WatchedStack): Promise<void> {
  const { text } = await stack.control('DescribeConnection', { Name: 'oauth' });
  const [, incarnation] = /connection\/oauth\/([0-9a-f-]+)/.exec(text) ?? [];
  const Key = { pk: { S: `TOKEN#${incarnation}` }, sk: { S: 'TOKEN' } };
  const target = { 'x-amz-target': 'DynamoDB_20120810.DeleteItem', 'content-type': 'application/x-amz-json-1.0' };
  const signed = { ...target, 'x-amz-date': '20260101T000000Z' };
  await stack.send('dynamodb', '/', signed, JSON.stringify({ TableName: 'lastmile-local', Key }));
}
