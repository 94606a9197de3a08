import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { OpenSockets } from './open-sockets.ts';
import type { TlsCertificate } from './tls-certificate.ts';

/**
 * Called with every complete request, head and body. Writes the answer, or any other bytes, to the socket. `index` counts
 * the requests from 0, `connection` the connections from 1.
 */
export type Misbehave = (socket: Socket, request: RawRequest) => void;

export interface RawRequest {
  readonly text: string;
  readonly index: number;
  readonly connection: number;
}

export interface MisbehavingEndpoint {
  /** Such as `http://127.0.0.1:<port>`, or `https:`. */
  readonly origin: string;
  /** The number of complete requests. */
  requestCount(): number;
  connectionCount(): number;
  /** The number of open connections. */
  openConnectionCount(): number;
  /** Resolves when no connection is open. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** A server whose answers need not be valid HTTP. */
export async function startMisbehavingEndpoint(
  misbehave: Misbehave,
  certificate?: TlsCertificate,
): Promise<MisbehavingEndpoint> {
  const sockets = new OpenSockets();
  let connectionCount = 0;
  let requestCount = 0;

  const accept = (socket: Socket): void => {
    connectionCount += 1;
    const connection = connectionCount;
    sockets.keep(socket);
    onEachRequest(socket, (text) => {
      requestCount += 1;
      misbehave(socket, { text, index: requestCount - 1, connection });
    });
  };

  const server =
    certificate === undefined
      ? createServer(accept)
      : createTlsServer({ key: certificate.key, cert: certificate.certificate }, accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    origin: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestCount: () => requestCount,
    connectionCount: () => connectionCount,
    openConnectionCount: () => sockets.size,
    allClosed: () => sockets.allClosed(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.destroyAll();
      }),
  };
}

function onEachRequest(socket: Socket, handle: (text: string) => void): void {
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    for (;;) {
      const headEnds = received.indexOf('\r\n\r\n');
      if (headEnds === -1) return;
      const contentLength = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnds))?.[1] ?? '0';
      const ends = headEnds + 4 + Number(contentLength);
      if (received.length < ends) return;
      const text = received.slice(0, ends);
      received = received.slice(ends);
      handle(text);
    }
  });
}
