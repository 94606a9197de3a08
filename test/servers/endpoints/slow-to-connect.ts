import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { TlsCertificate } from './tls-certificate.ts';

export interface SlowToConnect {
  readonly port: number;
  /** Resolves when the system has sent a first packet to the port and got no answer. */
  connecting(): Promise<void>;
  /** Accepts connections from now on. A waiting connection succeeds when the system sends its next packet after a second. */
  accept(): void;
  close(): Promise<void>;
}

/** Whether waiting connections can be seen, in /proc. */
export const seesConnections = process.platform === 'linux';

/** More than the two connections that a queue of length 1 accepts. */
const filling = 4;

/**
 * A TLS server on 127.0.0.1 that answers 204. Its queue of connections is full until `accept`, because its thread is blocked.
 * The system drops the first packet of a new connection, so connecting takes a second.
 */
export async function startSlowToConnect({ key, certificate }: TlsCertificate): Promise<SlowToConnect> {
  const blocked = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData: { blocked, key, cert } } = require('node:worker_threads');
    const server = require('node:tls').createServer({ key, cert }, (socket) => {
      socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 204 No Content\\r\\n\\r\\n'));
    });
    server.on('tlsClientError', () => undefined);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(blocked, 0, 0);
    });`,
    { eval: true, workerData: { blocked, key, cert: certificate } },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const fillers = Array.from(
    { length: 2 + filling },
    (): Socket => connect({ port, host: '127.0.0.1' }).on('error', () => undefined),
  );
  while (waitingConnections(port) !== filling) await nextTurn();
  const accept = () => {
    Atomics.store(blocked, 0, 1);
    Atomics.notify(blocked, 0);
  };
  return {
    port,
    async connecting() {
      while (waitingConnections(port) <= filling) await nextTurn();
    },
    accept,
    async close() {
      for (const filler of fillers) filler.destroy();
      accept();
      await worker.terminate();
    },
  };
}

/**
 * The number of connections to the port that have got no answer to their first packet (SYN_SENT, state 02). Source:
 * proc_net_tcp of the Linux kernel.
 */
function waitingConnections(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => new RegExp(`^ *\\d+: \\w+:\\w+ \\w+:${hex} 02 `).test(line)).length;
}
