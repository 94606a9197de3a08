import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { TlsCertificate } from './tls-certificate.ts';

export interface SlowToConnect {
  readonly port: number;
  /** Resolves when the system has sent a first packet to the port that was not answered. */
  connecting(): Promise<void>;
  /** From now on connections are accepted: those that wait with their next packet, which the system sends after a second. */
  accept(): void;
  close(): Promise<void>;
}

/** Whether connections that wait can be seen here. */
export const seesConnections = process.platform === 'linux';

/** Connections that wait beside the two that a queue of length 1 takes. */
const filling = 4;

/**
 * A TLS server on 127.0.0.1 that answers 204, and whose queue of connections is full until `accept`. The system then drops the
 * first packet of a connection, so that connecting takes a second, as over a bad line. Its thread is blocked to fill the queue.
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

/** Connections to the port whose first packet has no answer (SYN_SENT is state 02). Source: proc_net_tcp of the Linux kernel. */
function waitingConnections(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => new RegExp(`^ *\\d+: \\w+:\\w+ \\w+:${hex} 02 `).test(line)).length;
}
