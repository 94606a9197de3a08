import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { OpenSockets } from './open-sockets.ts';

/** Handles a CONNECT request for this authority. Undefined makes the proxy open the tunnel. */
export type AnswerConnect = (authority: string, client: Duplex) => 'answered' | undefined;

export interface ConnectProxy {
  /** Such as `http://127.0.0.1:<port>`, or `https:`. */
  readonly url: string;
  /** The requested authorities with the names of the request headers, in order. */
  readonly asked: readonly { readonly authority: string; readonly headers: readonly string[] }[];
  /** The bytes that were sent to the endpoints, as text. */
  passed(): string;
  /** Resolves when the proxy has no open connection. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** An HTTP proxy for CONNECT only, on a free port of the loopback address. Source: RFC 9110 section 9.3.6. */
export async function startConnectProxy(
  answer: AnswerConnect = () => undefined,
  tls?: TlsOptions,
): Promise<ConnectProxy> {
  const asked: { authority: string; headers: string[] }[] = [];
  const sockets = new OpenSockets();
  const passed: Buffer[] = [];

  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('connection', (socket: Socket) => sockets.keep(socket));
  server.on('connect', (request, client: Duplex, head: Buffer) => {
    const authority = request.url ?? '';
    asked.push({ authority, headers: Object.keys(request.headers) });
    client.on('error', () => client.destroy());
    if (answer(authority, client) === 'answered') return;
    const upstream = sockets.keep(connect(Number(new URL(`http://${authority}`).port), '127.0.0.1'));
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n');
      if (head.length > 0) upstream.write(head);
      client.on('data', (chunk: Buffer) => passed.push(chunk));
      client.pipe(upstream).pipe(client);
    });
    upstream.once('close', () => client.destroy());
    client.once('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    passed: () => Buffer.concat(passed).toString('latin1'),
    allClosed: () => sockets.allClosed(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.destroyAll();
      }),
  };
}
