import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForwardingServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Forwards every request to a server, and returns its answer.
 *
 * @param see called with each request before it is forwarded; must not throw
 */
export async function startForwardingServer(
  upstream: string,
  see: (request: IncomingMessage, body: Buffer) => void,
): Promise<ForwardingServer> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      see(incoming, body);
      const { method = 'POST', url = '/', headers } = incoming;
      const forwarded = request(new URL(url, upstream), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      forwarded.end(body);
    });
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
