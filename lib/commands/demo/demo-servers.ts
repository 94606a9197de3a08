import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import Provider from 'oidc-provider';

export interface DemoServer {
  readonly url: string;
  close(): Promise<void>;
}

/** One request as the endpoint records it, without its credentials. */
export interface Arrival {
  readonly path: string;
  readonly bytes: number;
}

export interface DemoEndpoint extends DemoServer {
  readonly arrivals: readonly Arrival[];
}

export const oauthClient = { id: 'lastmile-demo', secret: 'demo-client-secret' };

export interface DemoOAuthProvider extends DemoServer {
  /** Whether the provider issued this token and it has not expired. */
  accepts(token: string): Promise<boolean>;
  /** The client that a token was issued to; undefined when `accepts` would return false for this token. */
  clientOf(token: string): Promise<string | undefined>;
  /** Tokens issued so far. */
  issued(): number;
}

/** An OAuth 2.0 provider, in memory. */
export async function startOAuthProvider(
  clients: readonly { readonly id: string; readonly secret: string }[] = [oauthClient],
  tokenSeconds = 3600,
): Promise<DemoOAuthProvider> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider('http://127.0.0.1', {
    adapter: MemoryAdapter,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['demo'] },
    clients: clients.map(({ id, secret }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: [],
      response_types: [],
    })),
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    ttl: { ClientCredentials: tokenSeconds },
  });
  let issued = 0;
  provider.on('grant.success', () => (issued += 1));
  const answer = provider.callback();
  const { url, close } = await listen(createServer((request, response) => void answer(request, response)));
  const clientOf = async (token: string) => (await provider.ClientCredentials.find(token))?.clientId;
  const accepts = async (token: string) => (await clientOf(token)) !== undefined;
  return { url: `${url}/token`, close, accepts, clientOf, issued: () => issued };
}

/** Keeps the provider's data in a map, which is enough for a demonstration. */
class MemoryAdapter implements Adapter {
  static readonly payloads = new Map<string, AdapterPayload>();
  readonly kind: string;
  constructor(kind: string) {
    this.kind = kind;
  }
  async upsert(id: string, payload: AdapterPayload): Promise<void> {
    MemoryAdapter.payloads.set(`${this.kind}:${id}`, payload);
  }
  async find(id: string): Promise<AdapterPayload | undefined> {
    return MemoryAdapter.payloads.get(`${this.kind}:${id}`);
  }
  async destroy(id: string): Promise<void> {
    MemoryAdapter.payloads.delete(`${this.kind}:${id}`);
  }
  async consume(): Promise<void> {}
  async findByUid(): Promise<undefined> {}
  async findByUserCode(): Promise<undefined> {}
  async revokeByGrantId(): Promise<void> {}
}

/** An endpoint that answers 204 to a request with the right credentials, and 401 to every other. */
export async function startEndpoint(
  isAuthorized: (headers: Readonly<Record<string, string | string[] | undefined>>) => Promise<boolean>,
): Promise<DemoEndpoint> {
  const arrivals: Arrival[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    const authorized = await isAuthorized(request.headers);
    if (authorized) arrivals.push({ path: request.url ?? '/', bytes });
    response.writeHead(authorized ? 204 : 401).end();
  };
  const server = createServer((request, response) => void answer(request, response));
  return { ...(await listen(server)), arrivals };
}

/** Serves on a free port of this machine. @throws the server's error when it cannot listen */
export async function listen(server: Server): Promise<DemoServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
