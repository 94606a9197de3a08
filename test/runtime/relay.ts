import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a function and the AWS of the stack, byte for byte. */
export interface Relay {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Connections accepted so far. */
  connectionCount(): number;
  /** Closes every connection without a word. */
  dropConnections(): void;
  /** Closes every connection, and whatever connects while it is to. */
  refuse(refusing: boolean): void;
  close(): Promise<void>;
}

export async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let refusing = false;
  let count = 0;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  }

  const server = createServer((socket) => {
    count += 1;
    keep(socket);
    if (refusing) return void socket.destroy();
    const upstream = connect(port, '127.0.0.1');
    keep(upstream);
    socket.pipe(upstream).pipe(socket);
    socket.once('close', () => upstream.destroy());
    upstream.once('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function dropConnections(): void {
    for (const socket of sockets) socket.destroy();
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connectionCount: () => count,
    dropConnections,
    refuse(next) {
      refusing = next;
      dropConnections();
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      dropConnections();
      return closed;
    },
  };
}
