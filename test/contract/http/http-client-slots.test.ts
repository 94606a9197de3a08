import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { failureOf, httpExchanges, send, sendOnce } from './http-exchanges.ts';

const exchanges = httpExchanges();

/** The most sockets that the client opens to one origin. */
const sockets = 128;

/** An endpoint that answers only after `answer()`, and a client whose sockets to this endpoint are all in use. */
async function setUp() {
  let nowMs = 1000;
  const told = Promise.withResolvers<void>();
  const endpoint = await exchanges.endpoint(async () => {
    await told.promise;
    return undefined;
  });
  const client = exchanges.client({ clock: { ...systemClock, nowMs: () => nowMs } });
  const held = Array.from({ length: sockets }, () => send(client, endpoint.origin));
  await expect.poll(() => endpoint.requests.length).toBe(sockets);
  return {
    endpoint,
    client,
    held,
    answer: () => told.resolve(),
    passMs: (delayMs: number) => {
      nowMs += delayMs;
    },
  };
}

describe('a request that finds every socket in use', () => {
  test('a request that waits for a socket is sent when a socket becomes free at the last moment of its slot', async () => {
    const { endpoint, client, held, answer, passMs } = await setUp();
    const waiting = sendOnce(client, endpoint.origin, {}, { sendUntilMs: 1500 });
    passMs(500);
    expect(endpoint.requests).toHaveLength(sockets);
    answer();
    await Promise.all(held);
    expect(await waiting).toMatchObject({ kind: 'answer', answer: { status: 200 } });
    expect(endpoint.requests).toHaveLength(sockets + 1);
  });

  test('a request that waits for a socket is not sent after its slot has passed, and no socket is closed', async () => {
    const { endpoint, client, held, answer, passMs } = await setUp();
    const late = sendOnce(client, endpoint.origin, {}, { sendUntilMs: 1500 });
    const next = send(client, endpoint.origin);
    passMs(501);
    answer();
    expect(await late).toEqual({ kind: 'missed' });
    await Promise.all([...held, next]);
    expect(endpoint.requests).toHaveLength(sockets + 1);
    expect(endpoint.connectionCount()).toBe(sockets);
  });

  test('a request that times out while it waits for a socket does not delay the next request', async () => {
    const { endpoint, client, held, answer } = await setUp();
    const expired = Array.from({ length: sockets }, () =>
      failureOf(send(client, endpoint.origin, {}, { timeoutMs: 1 })),
    );
    for (const failure of await Promise.all(expired)) expect(failure).toMatchObject({ code: 'TimedOut' });
    const next = Array.from({ length: 2 * sockets }, () => send(client, endpoint.origin));
    expect(endpoint.requests).toHaveLength(sockets);
    answer();
    await Promise.all([...held, ...next]);
    expect(endpoint.requests).toHaveLength(3 * sockets);
  });
});

test('a request whose slot has passed is not sent, even if a socket is free', async () => {
  const endpoint = await exchanges.endpoint();
  const client = exchanges.client({ clock: { ...systemClock, nowMs: () => 1000 } });
  expect(await sendOnce(client, endpoint.origin, {}, { sendUntilMs: 999 })).toEqual({ kind: 'missed' });
  expect((await send(client, endpoint.origin)).status).toBe(200);
  expect(endpoint.requests).toHaveLength(1);
});
