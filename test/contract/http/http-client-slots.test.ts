import { describe, expect, test, vi } from 'vitest';
import { SlotMissed } from '../../../lib/core/delivery/slot-missed.ts';
import { failureOf, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();

/** Sockets that the client makes to one origin. */
const sockets = 128;

/** An endpoint that answers when it is told to, every socket of the client's to it in use. */
async function setUp() {
  const told = Promise.withResolvers<void>();
  const endpoint = await exchanges.endpoint(async () => {
    await told.promise;
    return undefined;
  });
  const client = exchanges.client();
  const held = Array.from({ length: sockets }, () => send(client, endpoint.origin));
  await expect.poll(() => endpoint.requests.length).toBe(sockets);
  return { endpoint, client, held, answer: () => told.resolve() };
}

describe('a request that finds every socket in use', () => {
  test('is asked whether it may begin when one is free, and not before', async () => {
    const { endpoint, client, held, answer } = await setUp();
    let asked = 0;
    const mayBegin = () => {
      asked += 1;
      return true;
    };
    const waiting = send(client, endpoint.origin, {}, { mayBegin });
    await Promise.resolve();
    expect([asked, endpoint.requests.length]).toEqual([0, sockets]);
    answer();
    await Promise.all(held);
    expect((await waiting).status).toBe(200);
    expect([asked, endpoint.requests.length]).toEqual([1, sockets + 1]);
  });

  test('and may begin no more is not sent, and costs no connection', async () => {
    const { endpoint, client, held, answer } = await setUp();
    const late = failureOf(send(client, endpoint.origin, {}, { mayBegin: () => false }));
    const next = send(client, endpoint.origin);
    answer();
    expect(await late).toBeInstanceOf(SlotMissed);
    await Promise.all([...held, next]);
    expect(endpoint.requests).toHaveLength(sockets + 1);
    expect(endpoint.connectionCount()).toBe(sockets);
  });

  test('and runs out of time takes no place, and leaves its own to the next', async () => {
    const { endpoint, client, held, answer } = await setUp();
    const expired = Array.from({ length: sockets }, () =>
      failureOf(send(client, endpoint.origin, {}, { timeoutMs: 1 })),
    );
    for (const failure of await Promise.all(expired)) expect(failure).toMatchObject({ code: 'TimedOut' });
    const mayBegin = vi.fn<() => boolean>(() => true);
    const next = Array.from({ length: 2 * sockets }, () => send(client, endpoint.origin, {}, { mayBegin }));
    expect(mayBegin).not.toHaveBeenCalled();
    answer();
    await Promise.all([...held, ...next]);
    expect(endpoint.requests).toHaveLength(3 * sockets);
  });
});

test('a request that may not begin is not sent, also where a socket is free', async () => {
  const endpoint = await exchanges.endpoint();
  const client = exchanges.client();
  expect(await failureOf(send(client, endpoint.origin, {}, { mayBegin: () => false }))).toBeInstanceOf(SlotMissed);
  expect((await send(client, endpoint.origin)).status).toBe(200);
  expect(endpoint.requests).toHaveLength(1);
});
