import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PeerProcess, startPeerProcess } from '../../../bench/peers/process.ts';
import type { Arrived, ReceiverAsk } from '../../../bench/peers/receiver.ts';

let receiver: PeerProcess;
let port: number;

beforeEach(async () => {
  receiver = startPeerProcess('receiver.ts');
  port = await ask<number>({ kind: 'listen' });
});

afterEach(() => receiver.stop());

function ask<Answer>(asked: ReceiverAsk): Promise<Answer> {
  return receiver.ask<Answer>(asked);
}

function post(number: number): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', body: `{"id":"event-${number}"}` });
}

const waitFor = (events: number, quietMs = 20_000) => ask<Arrived>({ kind: 'wait', events, quietMs, forget: true });

describe('the endpoint of the comparison', () => {
  test('the endpoint of the comparison counts different events and keeps duplicates', async () => {
    const waiting = waitFor(2);
    for (const number of [7, 7, 8]) expect((await post(number)).status).toBe(200);
    const { events, atMs, unanswered } = await waiting;
    expect({ events, unanswered }).toEqual({ events: [7, 7, 8], unanswered: 0 });
    expect(atMs).toEqual(atMs.toSorted((one, other) => one - other));
  });

  test('the endpoint of the comparison stops waiting when no more events arrive', async () => {
    await post(7);
    expect((await waitFor(2, 1)).events).toEqual([7]);
    expect((await waitFor(2, 1)).events).toEqual([]);
  });

  test('the endpoint of the comparison counts a request whose sender disconnects before the answer', async () => {
    await ask({ kind: 'delay', delayMs: 100 });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.end('POST / HTTP/1.1\r\ncontent-length: 16\r\n\r\n{"id":"event-7"}');
    socket.destroySoon();
    await once(socket, 'close');
    expect((await post(8)).status).toBe(200);
    expect((await waitFor(2)).unanswered).toBe(1);
  });
});

test('waiting for a process that is killed fails with an error that says so', async () => {
  const waiting = waitFor(1);
  await Promise.all([expect(waiting).rejects.toThrow('receiver.ts ended: SIGKILL.'), receiver.crash()]);
});
