import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenEndpointRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A `body` that is a text is sent unchanged, any other as JSON. `reset` closes the connection without an answer. */
export type TokenEndpointAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | 'reset';

/** Returns the answer to a request; `index` counts the requests from 0. The endpoint waits for a promise. */
export type TokenEndpointScript = (
  request: TokenEndpointRequest,
  index: number,
) => TokenEndpointAnswer | Promise<TokenEndpointAnswer>;

export interface TokenEndpoint {
  readonly url: string;
  readonly requests: readonly TokenEndpointRequest[];
  /** Resolves when this many requests have arrived. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Issues `token-1`, `token-2`, ... for an hour. */
export const grantTokens: TokenEndpointScript = (_, index) => ({
  body: { access_token: `token-${index + 1}`, token_type: 'bearer', expires_in: 3600 },
});

/** A token endpoint that gives the answers of `script`, which need not be valid. */
export async function startTokenEndpoint(script: TokenEndpointScript = grantTokens): Promise<TokenEndpoint> {
  const requests: TokenEndpointRequest[] = [];
  const waiting: { readonly count: number; readonly wake: () => void }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
    requests.push(request);
    for (const { count, wake } of waiting) if (requests.length >= count) wake();
    const answer = await script(request, requests.length - 1);
    if (answer === 'reset') {
      incoming.socket.destroy();
      return;
    }
    const { status = 200, headers: answered = { 'content-type': 'application/json' }, body = '' } = answer;
    outgoing.writeHead(status, answered);
    outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    received: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, wake: resolve });
      }),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
