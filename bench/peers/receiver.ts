/**
 * The endpoint of the comparison, in its own process. Notes the arrival of each event and answers 200, at once or after
 * a delay, at the lowest cost.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { answerAsks, machineMs } from './process.ts';

export type ReceiverAsk =
  | { readonly kind: 'listen' }
  /** Delays every answer from now on. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Answers when this many different events have arrived, or when none has arrived for `quietMs`. `forget` starts a new count. */
  | { readonly kind: 'wait'; readonly events: number; readonly quietMs: number; readonly forget: boolean };

export interface Arrived {
  /** The `machineMs` at which each request arrived, in order. */
  readonly atMs: readonly number[];
  /** The number in each event, or at the end of its id, in the order of arrival. */
  readonly events: readonly number[];
  /** Requests whose sender had ended before the answer was sent. */
  readonly unanswered: number;
}

const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}',
);
const headEnd = '\r\n\r\n';
const lookEveryMs = 20;

let delayMs = 0;
let atMs: number[] = [];
let events: number[] = [];
let distinct = new Set<number>();
let unanswered = 0;

/** An event whose id is made by the stack has a number of its own. */
function note(body: string, at: number): void {
  const event = Number((/"number":([0-9]+)/.exec(body) ?? /"id":"[^"]*?([0-9]+)"/.exec(body))?.[1]);
  atMs.push(at);
  events.push(event);
  distinct.add(event);
}

function reply(socket: Socket): void {
  if (socket.destroyed) unanswered += 1;
  else socket.write(answer);
}

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const at = machineMs();
    received += chunk.toString('latin1');
    for (;;) {
      const headEnds = received.indexOf(headEnd);
      if (headEnds === -1) return;
      const bodyBegins = headEnds + headEnd.length;
      const bodyEnds = bodyBegins + Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1] ?? '0');
      if (received.length < bodyEnds) return;
      note(received.slice(bodyBegins, bodyEnds), at);
      received = received.slice(bodyEnds);
      // Waits one more turn of the event loop, so that the end of a socket is noticed before the answer is written to it.
      if (delayMs > 0) setTimeout(() => setImmediate(reply, socket), delayMs);
      else reply(socket);
    }
  });
});

async function arrived(wanted: number, quietMs: number, forget: boolean): Promise<Arrived> {
  const beganMs = machineMs();
  while (distinct.size < wanted && machineMs() - Math.max(beganMs, atMs.at(-1) ?? 0) < quietMs) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  const sofar = { atMs, events, unanswered };
  if (forget) {
    [atMs, events, unanswered] = [[], [], 0];
    distinct = new Set();
  }
  return sofar;
}

answerAsks(async (asked: ReceiverAsk) => {
  switch (asked.kind) {
    case 'listen':
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    case 'delay':
      delayMs = asked.delayMs;
      return {};
    case 'wait':
      return arrived(asked.events, asked.quietMs, asked.forget);
  }
});
