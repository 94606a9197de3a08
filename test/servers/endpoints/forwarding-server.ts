import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForwardingServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** The client gets this answer, its connection is broken off, or it gets no answer. */
export type Reaction = Answer | 'broken' | 'silent';

/**
 * Decides what becomes of a request.
 *
 * @param forward sends the request with this body to the server, and resolves with the server's answer
 */
export type React = (
  request: IncomingMessage,
  body: Buffer,
  forward: (body: Buffer) => Promise<Answer>,
) => Promise<Reaction>;

/** A server before another one. When `react` rejects, the connection breaks. */
export async function startProxy(upstream: string, react: React): Promise<ForwardingServer> {
  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const reaction = await react(incoming, await readAll(incoming), (body) => forwardTo(upstream, incoming, body));
    if (reaction === 'silent') return;
    if (reaction === 'broken') return void incoming.socket.destroy();
    const { status, headers, body } = reaction;
    // An answer to HEAD has the length of a body that it does not have.
    outgoing.writeHead(status, body.length === 0 ? headers : { ...headers, 'content-length': body.length });
    outgoing.end(body);
  }

  const server = createServer((incoming, outgoing) => {
    void serve(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/**
 * Forwards every request to a server, and returns its answer.
 *
 * @param see called with each request before it is forwarded; must not throw
 */
export function startForwardingServer(
  upstream: string,
  see: (request: IncomingMessage, body: Buffer) => void,
): Promise<ForwardingServer> {
  return startProxy(upstream, (incoming, body, forward) => {
    see(incoming, body);
    return forward(body);
  });
}

function forwardTo(upstream: string, { method = 'POST', url = '/', headers }: IncomingMessage, body: Buffer) {
  return new Promise<Answer>((resolve, reject) => {
    const sent = headers['content-length'] === undefined ? headers : { ...headers, 'content-length': body.length };
    const forwarded = request(new URL(url, upstream), { method, headers: sent }, (answer) => {
      const { statusCode: status = 500 } = answer;
      // The whole body is read first, so the answer is not sent in chunks.
      const { 'transfer-encoding': _, ...kept } = answer.headers;
      readAll(answer).then((read) => resolve({ status, headers: kept, body: read }), reject);
    });
    forwarded.once('error', reject);
    forwarded.end(body);
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
