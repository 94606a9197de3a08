import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsCertificate } from './tls-certificate.ts';

/** A fatal alert, handshake_failure. Source: RFC 8446 section 6. */
const alert = Buffer.from('15030300020228', 'hex');

export interface AlertingEndpoint {
  /** Such as `https://127.0.0.1:<port>`. */
  readonly origin: string;
  close(): Promise<void>;
}

/** A server that answers each request with a TLS record that is a fatal alert. */
export async function startAlertingEndpoint({ key, certificate }: TlsCertificate): Promise<AlertingEndpoint> {
  const clients = new Map<number | undefined, Socket>();
  const sockets = new Set<Socket>();
  const kept = (socket: Socket) => {
    sockets.add(socket);
    return socket.on('error', () => undefined);
  };
  // Node's own server never sends an alert about a certificate, so a proxy in between sends it.
  const inner = createTlsServer({ key, cert: certificate }, (socket) => {
    kept(socket).once('data', () => clients.get(socket.remotePort)?.end(alert));
  });
  await listen(inner);
  const outer = createServer((client) => {
    const server = connect((inner.address() as AddressInfo).port, '127.0.0.1', () => {
      clients.set(server.localPort, client);
      kept(client).pipe(kept(server)).pipe(client, { end: false });
    });
  });
  await listen(outer);
  return {
    origin: `https://127.0.0.1:${(outer.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([inner, outer].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}
