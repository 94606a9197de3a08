import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { exampleTemplate, resolve } from '../bus/example-rules.ts';
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

interface Declared {
  /** The name of the CloudFormation stack. Names of connections and destinations contain it. */
  readonly stackName: string;
  readonly type: string;
  readonly logicalId: string;
  readonly properties: JsonObject;
}

/** Sends a request of CloudFormation, and returns what the function answers to CloudFormation. */
async function ask(RequestType: 'Create' | 'Delete', declared: Declared, physicalId?: string) {
  await invoke('resources', {
    RequestType,
    ResponseURL: `${endpoint.origin}/answer`,
    StackId: `arn:aws:cloudformation:us-east-1:123456789012:stack/${declared.stackName}/1`,
    RequestId: `${RequestType}-${declared.logicalId}`,
    ResourceType: declared.type,
    LogicalResourceId: declared.logicalId,
    ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
    ResourceProperties: declared.properties,
  });
  const answer = endpoint.requests.findLast(({ path }) => path === '/answer');
  return JSON.parse(answer?.body ?? '') as {
    readonly Status: string;
    readonly Reason?: string;
    readonly PhysicalResourceId: string;
    readonly Data: Readonly<Record<string, string>>;
  };
}

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

/** Without the policy, the client of the connection itself is used. CloudFormation takes it from Secrets Manager. */
function withoutPolicy({ ConnectionPolicy: _, Connection, ...others }: JsonObject): JsonObject {
  const { Properties, Type = '' } = Connection as JsonObject;
  const { WaitForAuthorization: __, AuthParameters, ...properties } = Properties as JsonObject;
  const text = JSON.stringify(AuthParameters).replaceAll(
    '"ClientSecret":"in-the-secret"',
    `"ClientSecret":"${clientSecret}"`,
  );
  return {
    Connection: { Type, Properties: { ...properties, AuthParameters: JSON.parse(text) as JsonObject } },
    ...others,
  };
}

test.each([
  ['the ARN of a secret in its connection policy', 'named'],
  ['a client secret that CloudFormation has taken from Secrets Manager', 'resolved'],
] as const)(
  'an OAuth connection that a template declares with %s gets its token and delivers, and no answer or log line has a credential',
  async (_what, way) => {
    const template = exampleTemplate('oauth-secret.yml')['Resources'] as JsonObject;
    let known: Record<string, string> = {
      Stage: 'local',
      Endpoint: `${endpoint.origin}/${way}`,
      TokenEndpoint: tokens.url,
      SecretArn: way === 'named' ? await createSecret() : '',
    };
    const made: [declared: Declared, physicalId: string][] = [];
    for (const [logicalId, resource] of Object.entries(way === 'named' ? template : withoutPolicy(template))) {
      const { Type, Properties = {} } = resource as JsonObject;
      const declared = {
        stackName: way,
        type: String(Type),
        logicalId,
        properties: resolve(Properties, known) as JsonObject,
      };
      const { Status, Reason, PhysicalResourceId, Data } = await ask('Create', declared);
      expect([logicalId, Status, Reason]).toEqual([logicalId, 'SUCCESS', undefined]);
      made.unshift([declared, PhysicalResourceId]);
      const attributes = Object.entries(Data).map(([name, value]) => [`${logicalId}.${name}`, value]);
      known = { ...known, [logicalId]: PhysicalResourceId, ...Object.fromEntries(attributes) };
    }

    const apiDestination = known['Destination'] ?? '';
    const delivered = await invoke('deliver', { apiDestination, event: { id: way, detail: {} } });
    expect(JSON.parse(delivered)).toMatchObject({ outcome: 'delivered', status: 200, attempts: 1 });
    const [request] = endpoint.requests.filter(({ path }) => path === `/${way}`);
    expect(request?.headers['authorization']).toBe(`Bearer ${accessToken}`);

    for (const [declared, physicalId] of made)
      expect(await ask('Delete', declared, physicalId)).toMatchObject({ Status: 'SUCCESS' });
    const answers = endpoint.requests.filter(({ path }) => path === '/answer').map(({ body }) => body);
    expect(printed.some((line) => line.includes(`delivered  ${apiDestination}`))).toBe(true);
    expect([delivered, ...printed, ...answers].filter((text) => text.includes('canary'))).toEqual([]);
  },
);
