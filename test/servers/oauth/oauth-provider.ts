import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdapterPayload } from 'oidc-provider';
import Provider from 'oidc-provider';

export interface OAuthProvider {
  /** The URL of the token endpoint. */
  readonly url: string;
  /** The number of token requests so far, by the status of their answers. */
  readonly statuses: readonly number[];
  accepts(accessToken: string): Promise<boolean>;
  revoke(accessToken: string): Promise<void>;
  close(): Promise<void>;
}

/** Clients of the provider: each supports one method of client authentication. */
export const oauthClients = {
  post: { id: 'post-client', secret: 'post secret & more+', method: 'client_secret_post' },
  basic: { id: 'basic-client', secret: 'basic-secret', method: 'client_secret_basic' },
} as const;

/** A certified OAuth 2.0 provider with the client credentials grant. */
export async function startOAuthProvider(): Promise<OAuthProvider> {
  const payloads = new Map<string, AdapterPayload>();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = new Provider('http://127.0.0.1', {
    adapter: (kind) => ({
      upsert: async (id, payload) => void payloads.set(`${kind}:${id}`, payload),
      find: async (id) => payloads.get(`${kind}:${id}`),
      destroy: async (id) => void payloads.delete(`${kind}:${id}`),
      consume: async () => undefined,
      findByUid: async () => undefined,
      findByUserCode: async () => undefined,
      revokeByGrantId: async () => undefined,
    }),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['test'] },
    clients: Object.values(oauthClients).map(({ id, secret, method }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: method,
      id_token_signed_response_alg: 'ES256',
      redirect_uris: [],
      response_types: [],
    })),
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    ttl: { ClientCredentials: 3600 },
  });
  const statuses: number[] = [];
  const answer = provider.callback();
  const server = createServer((request, response) => {
    response.on('finish', () => statuses.push(response.statusCode));
    void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    statuses,
    accepts: async (accessToken) => (await provider.ClientCredentials.find(accessToken)) !== undefined,
    revoke: async (accessToken) => (await provider.ClientCredentials.find(accessToken))?.destroy(),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
