import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * How an idle connection dies. `closed`: the server closes it. `reset`: a load balancer has forgotten it and resets it at
 * the next byte. `silent`: a firewall drops every later packet without an answer.
 */
export type Death = 'closed' | 'reset' | 'silent';

/** Forwards every byte between a function and a server. */
export interface Relay {
  /** Such as `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The number of connections accepted so far. */
  connectionCount(): number;
  /** Kills every open connection. Later connections are not affected. */
  killConnections(death: Death): void;
  /** With `true`, closes every open and every new connection. With `false`, accepts new connections again. */
  refuse(refusing: boolean): void;
  close(): Promise<void>;
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  death?: Death;
}

/** @param origin `http://127.0.0.1:<port>` */
export async function startRelay(origin: string): Promise<Relay> {
  const connections = new Set<Connection>();
  let refusing = false;
  let count = 0;

  const server = createServer((client) => {
    count += 1;
    if (refusing) return void client.destroy();
    const connection: Connection = { client, upstream: connect(Number(new URL(origin).port), '127.0.0.1') };
    connections.add(connection);
    relay(connection);
    client.once('close', () => connections.delete(connection));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function killConnections(death: Death): void {
    for (const connection of connections) {
      connection.death = death;
      connection.upstream.destroy();
      if (death === 'closed') connection.client.destroy();
    }
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connectionCount: () => count,
    killConnections,
    refuse(next) {
      refusing = next;
      killConnections('closed');
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      killConnections('closed');
      return closed;
    },
  };
}

function relay(connection: Connection): void {
  const { client, upstream } = connection;
  for (const socket of [client, upstream]) socket.on('error', () => undefined);
  client.on('data', (bytes: Buffer) => {
    if (connection.death === 'reset') client.resetAndDestroy();
    if (connection.death === undefined) upstream.write(bytes);
  });
  upstream.on('data', (bytes: Buffer) => client.write(bytes));
  client.once('close', () => upstream.destroy());
  upstream.once('close', () => {
    if (connection.death === undefined) client.destroy();
  });
}
