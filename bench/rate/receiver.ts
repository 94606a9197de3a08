/**
 * The endpoint of the rate benches, in its own process. Notes the arrival of each request by its own clock, and answers
 * 200 at the lowest cost. The process sends its port to its parent, and then, each time it is asked, all arrivals so far.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { watchLag } from './noise.ts';

/** The requests to one path. */
export interface Arrivals {
  /** The times of arrival in order, as epoch ms that are derived from this process's monotonic clock. */
  readonly atMs: number[];
  /** Numbers at the end of the events' ids, in the same order. */
  readonly events: number[];
}

export interface Received {
  readonly nowMs: number;
  /** The largest delay of a timer of this process since it was last asked. */
  readonly worstLagMs: number;
  readonly byPath: Readonly<Record<string, Arrivals>>;
}

const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}',
);
const headEnd = '\r\n\r\n';
const byPath: Record<string, Arrivals> = {};
const nowMs = () => performance.timeOrigin + performance.now();

const worstLagMs = watchLag();

function note(head: string, body: string, atMs: number): void {
  const path = /^[A-Z]+ ([^ ?]+)/.exec(head)?.[1] ?? '';
  const arrivals = (byPath[path] ??= { atMs: [], events: [] });
  arrivals.atMs.push(atMs);
  arrivals.events.push(Number(/"id":"[^"]*?([0-9]+)"/.exec(body)?.[1]));
}

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const atMs = nowMs();
    received += chunk.toString('latin1');
    for (;;) {
      const headEnds = received.indexOf(headEnd);
      if (headEnds === -1) return;
      const head = received.slice(0, headEnds);
      const bodyBegins = headEnds + headEnd.length;
      const bodyEnds = bodyBegins + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? '0');
      if (received.length < bodyEnds) return;
      note(head, received.slice(bodyBegins, bodyEnds), atMs);
      received = received.slice(bodyEnds);
      socket.write(answer);
    }
  });
});

process.on('message', () => {
  process.send?.({ nowMs: nowMs(), worstLagMs: worstLagMs(), byPath } satisfies Received);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
