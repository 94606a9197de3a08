import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { startTokenEndpoint, type TokenEndpoint } from '../../servers/oauth/oauth-token-endpoint.ts';

/* OAuth connections that a CloudFormation template declares. The client secret is in Secrets Manager. */

const clientSecret = 'client-secret-canary';
const accessToken = 'access-token-canary';
const printed: string[] = [];
let clients: Clients;
let endpoint: RecordingEndpoint;
let tokens: TokenEndpoint;

sharedStack.override('answer', () => ({ path, headers }) => {
  if (path === '/answer' || headers['authorization'] === `Bearer ${accessToken}`) return undefined;
  return { status: 401 };
});
sharedStack.override('stackOptions', {
  output: { line: (text) => printed.push(text), error: (text) => printed.push(text) },
});

beforeAll(async () => {
  tokens = await startTokenEndpoint(({ body }) =>
    new URLSearchParams(body).get('client_secret') === clientSecret
      ? { body: { access_token: accessToken, token_type: 'Bearer', expires_in: 3600 } }
      : { status: 401, body: { error: 'invalid_client' } },
  );
});
afterAll(() => tokens.close());

sharedStack.beforeAll(({ endpoint: startedEndpoint, clients: opened }) => {
  [endpoint, clients] = [startedEndpoint, opened];
});

async function invoke(name: string, payload: object): Promise<string> {
  const input = { FunctionName: `lastmile-local-${name}`, Payload: JSON.stringify(payload) };
  const { Payload } = await clients.lambda.send(new InvokeCommand(input));
  return Payload?.transformToString() ?? '';
}

/** Sends a request of CloudFormation, and returns what the function answers to CloudFormation. */
async function ask(RequestType: 'Create' | 'Delete', type: string, properties: JsonObject, physicalId?: string) {
  await invoke('resources', {
    RequestType,
    ResponseURL: `${endpoint.origin}/answer`,
    StackId: 'arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1',
    RequestId: `${RequestType}-${type}-${JSON.stringify(properties).length}`,
    ResourceType: `Custom::Lastmile${type}`,
    LogicalResourceId: type,
    ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
    ResourceProperties: { ServiceToken: 'arn', ...properties },
  });
  const answer = endpoint.requests.findLast(({ path }) => path === '/answer');
  return JSON.parse(answer?.body ?? '') as {
    readonly Status: string;
    readonly Reason?: string;
    readonly PhysicalResourceId: string;
    readonly Data?: Readonly<Record<string, string>>;
  };
}

const connection = (Name: string, ClientID: string, ClientSecret: string): JsonObject => ({
  Name,
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  AuthParameters: {
    OAuthParameters: {
      ClientParameters: { ClientID, ClientSecret },
      AuthorizationEndpoint: tokens.url,
      HttpMethod: 'POST',
    },
  },
});

/** The secret in the form that the policies page of the guide describes. */
async function createSecret(): Promise<string> {
  const text = {
    client_id: 'shop',
    client_secret: clientSecret,
    authorization_endpoint: tokens.url,
    http_method: 'POST',
  };
  const input = { Name: 'partner', SecretString: JSON.stringify(text) };
  return String((await clients.secrets.send(new CreateSecretCommand(input))).ARN);
}

test.each([
  ['the ARN of a secret in its connection policy', 'named'],
  ['a client secret that CloudFormation has taken from Secrets Manager', 'resolved'],
] as const)(
  'an OAuth connection that a template declares with %s gets its token and delivers, and no answer or log line has a credential',
  async (_what, name) => {
    const made: [type: string, properties: JsonObject, physicalId: string][] = [];
    const create = async (type: string, properties: JsonObject) => {
      const answer = await ask('Create', type, properties);
      expect([type, answer.Status, answer.Reason]).toEqual([type, 'SUCCESS', undefined]);
      made.unshift([type, properties, answer.PhysicalResourceId]);
      return answer.Data ?? {};
    };
    const isNamed = name === 'named';
    const { Arn = '' } = isNamed
      ? await create('Connection', { ...connection(name, 'unused', 'unused'), WaitForAuthorization: 'false' })
      : await create('Connection', connection(name, 'shop', clientSecret));
    if (isNamed) await create('ConnectionPolicy', { ConnectionName: name, SecretArn: await createSecret() });
    const InvocationEndpoint = `${endpoint.origin}/${name}`;
    await create('ApiDestination', { Name: name, ConnectionArn: Arn, InvocationEndpoint, HttpMethod: 'POST' });

    const delivered = await invoke('deliver', { apiDestination: name, event: { id: name, detail: {} } });
    expect(JSON.parse(delivered)).toMatchObject({ outcome: 'delivered', status: 200, attempts: 1 });
    const [request] = endpoint.requests.filter(({ path }) => path === `/${name}`);
    expect(request?.headers['authorization']).toBe(`Bearer ${accessToken}`);

    for (const [type, properties, physicalId] of made)
      expect(await ask('Delete', type, properties, physicalId)).toMatchObject({ Status: 'SUCCESS' });
    const shown = [
      delivered,
      ...printed,
      ...endpoint.requests.filter(({ path }) => path === '/answer').map(({ body }) => body),
    ];
    expect(printed.some((line) => line.includes(`delivered  ${name}`))).toBe(true);
    expect(shown.filter((text) => /canary/.test(text))).toEqual([]);
  },
);
