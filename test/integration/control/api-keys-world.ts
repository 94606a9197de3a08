import { randomBytes, randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { cacheApiKeys } from '../../../functions/authentication.ts';
import { createHandler } from '../../../functions/control-api.ts';
import { createDynamoDbApiKeyRepository } from '../../../lib/adapters/dynamodb/api-keys.ts';
import type { ApiKeyReader } from '../../../lib/ports/control.ts';
import { createApiKeyOperations } from '../../../lib/control/api-keys/api-keys.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { signatureOf, signingKeyOf } from '../../../lib/core/api-key/sig-v4-canonical.ts';
import { createApiKeyAuthentication } from '../../../lib/protocol/api-key-authentication.ts';
import type { Operations } from '../../../lib/protocol/control-request.ts';
import type { Fault } from '../../../lib/protocol/access.ts';
import type { useDynalite } from '../../contract/dynamodb/subjects.ts';
import { createFaults } from '../../fakes/faults.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

const host = 'abc.lambda-url.us-east-1.on.aws';
export const startMs = Date.UTC(2026, 0, 31, 12, 30, 15);

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: { readonly __type?: string; readonly message?: string; readonly [name: string]: unknown };
}

/** How long a worker caches a key, in seconds. This is the maximum that the configuration allows. */
const cacheSeconds = 900;

/** The function control-api with its own table of keys, the given other operations, and a clock that does not move. */
export async function createKeyWorld(
  dynalite: ReturnType<typeof useDynalite>,
  operations: Operations = {},
  lastmileOperations: Operations = {},
) {
  const clock = createManualClock(startMs);
  const faults = createFaults();
  const tableName = await dynalite.server.newTable();
  const stored = createDynamoDbApiKeyRepository(dynalite.client(), tableName);
  const store = { reachable: true };
  const read: ApiKeyReader['read'] = async (apiId, publicId) => {
    if (!store.reachable) throw new Failure('StoreUnavailable', 'Could not read the API key: TimeoutError.');
    return await stored.read(apiId, publicId);
  };
  const apiKeys = faults.wrap('apiKeys', { ...stored, read });
  const rootSecret = faults.wrap('rootSecret', { read: () => Promise.resolve('root-secret-canary') });
  const logged: Fault[] = [];
  const dependencies = {
    operations,
    lastmileOperations,
    apiKeyOperations: createApiKeyOperations({ apiKeys, rootSecret, clock, randomBytes, newUuid: randomUUID }),
    logFault: (fault: Fault) => void logged.push(fault),
  };
  const newWorker = () =>
    createHandler({
      ...dependencies,
      authentication: createApiKeyAuthentication({
        apiKeys: cacheApiKeys(apiKeys, cacheSeconds, clock),
        rootSecret,
        clock,
      }),
    });
  const worker = newWorker();

  /** Invokes the function directly, as a caller with IAM permission. */
  const invoke = async (operation: string, input: object) =>
    (await worker({ operation, input }, context)) as {
      readonly output?: { readonly apiKey?: KeyShown; readonly [name: string]: unknown };
      readonly error?: { readonly code: string; readonly message: string };
    };

  async function create(apiId: 'control' | 'events', members: object = {}): Promise<string> {
    const { output } = await invoke('CreateApiKey', { apiId, ...members });
    return output?.apiKey?.id ?? '';
  }

  return {
    clock,
    faults,
    /** `store.reachable = false` makes reads of keys fail. */
    store,
    logged,
    invoke,
    create,
    open: createHandler({ ...dependencies, authentication: 'none' }),
    newWorker,
    send: (sent: Sent, handler = worker) => send(handler, sent),
    dynamoDb: { client: dynalite.client(), tableName },
  };
}

export interface KeyShown {
  readonly id: string;
  readonly description?: string;
  readonly expires: number;
  readonly deletes: number;
}

const context = {
  awsRequestId: 'request-1',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:lastmile-test-control-api',
} as Context;

async function send(handler: ReturnType<typeof createHandler>, sent: Sent): Promise<Answer> {
  const { method, path, query, headers, body } = sent;
  const event = {
    rawPath: path,
    rawQueryString: query,
    headers,
    requestContext: { accountId: 'anonymous', http: { method, path } },
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  };
  const answer = (await handler(event, context)) as {
    statusCode: number;
    headers: Record<string, string>;
    body: string;
  };
  return { status: answer.statusCode, headers: answer.headers, json: JSON.parse(answer.body) };
}

export function awsJson(operation: string, body: object = {}, prefix = 'AWSEvents'): Sent {
  const headers = { host, 'x-amz-target': `${prefix}.${operation}` };
  return { method: 'POST', path: '/', query: '', headers, body: JSON.stringify(body) };
}

export function rest(method: string, path: string, body = '', query = ''): Sent {
  return { method, path, query, headers: { host }, body };
}

export function withKey(sent: Sent, key: string): Sent {
  return { ...sent, headers: { ...sent.headers, 'x-api-key': key } };
}

/** Signs as a client does: its access key id is the public id, and its secret access key is the whole key. */
export function signed(sent: Sent, key: string, atMs: number, { service = 'events', region = 'us-east-1' } = {}): Sent {
  const signedAt = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers = { ...sent.headers, 'x-amz-date': signedAt };
  const signedHeaders = Object.keys(headers).toSorted();
  const details = { date: signedAt.slice(0, 8), region, service, signedAt, signedHeaders };
  const request = { ...sent, headers: new Map(Object.entries(headers)), body: Buffer.from(sent.body) };
  const scope = `${key.slice(0, 14)}/${details.date}/${region}/${service}/aws4_request`;
  const signature = signatureOf(signingKeyOf(key, details), request, details) ?? '';
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...sent, headers: { ...headers, authorization } };
}

/** The same signature in the query of the URL. */
export function presigned(sent: Sent, key: string, atMs: number, expiresInSeconds: number): Sent {
  const signedAt = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const details = {
    date: signedAt.slice(0, 8),
    region: 'us-east-1',
    service: 'appsync',
    signedAt,
    signedHeaders: ['host'],
  };
  const parameters = new URLSearchParams(sent.query);
  parameters.set('X-Amz-Algorithm', 'AWS4-HMAC-SHA256');
  parameters.set('X-Amz-Credential', `${key.slice(0, 14)}/${details.date}/us-east-1/appsync/aws4_request`);
  parameters.set('X-Amz-Date', signedAt);
  parameters.set('X-Amz-Expires', String(expiresInSeconds));
  parameters.set('X-Amz-SignedHeaders', 'host');
  const query = parameters.toString();
  const request = { ...sent, query, headers: new Map(Object.entries(sent.headers)), body: Buffer.from(sent.body) };
  return {
    ...sent,
    query: `${query}&X-Amz-Signature=${signatureOf(signingKeyOf(key, details), request, details) ?? ''}`,
  };
}
