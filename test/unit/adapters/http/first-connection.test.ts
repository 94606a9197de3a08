import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { firstConnection } from '../../../../lib/adapters/http/first-connection.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

/** Sockets that connect and fail when the test says so. */
function setUp(addresses: readonly string[], limitMs = 10_000) {
  const clock = createManualClock();
  const begun: string[] = [];
  const sockets = new Map<string, Socket>();
  const connectTo = (address: string): Socket => {
    const socket = new Socket();
    begun.push(address);
    sockets.set(address, socket);
    return socket;
  };
  const result = firstConnection(addresses, { clock, limitMs, connectTo }).catch((error: unknown) => error);
  const socketOf = (address: string) => sockets.get(address) ?? expect.fail(`${address} was not tried`);
  return {
    clock,
    begun,
    result,
    socketOf,
    connect: (address: string) => socketOf(address).emit('connect'),
    fail: (address: string, code: string) => socketOf(address).emit('error', Object.assign(new Error(code), { code })),
  };
}

describe('the order', () => {
  test('IPv6 and IPv4 addresses are tried in turn, IPv6 first, and each family keeps its order', async () => {
    const { clock, begun } = setUp(['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2']);
    for (let passed = 0; passed < 5; passed += 1) await clock.advance(250);
    expect(begun).toEqual(['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2', '192.0.2.3']);
  });

  test('the second address is tried 250 ms after the first, while the first is still connecting', async () => {
    const { clock, begun, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
    await clock.advance(249);
    expect(begun).toEqual(['2001:db8::1']);
    await clock.advance(1);
    expect(begun).toEqual(['2001:db8::1', '192.0.2.1']);
    expect(socketOf('2001:db8::1').destroyed).toBe(false);
  });

  test('after an address fails, the next one is tried at once and has 250 ms before another is tried', async () => {
    const { clock, begun, fail } = setUp(['2001:db8::1', '192.0.2.1', '192.0.2.2']);
    await clock.advance(200);
    fail('2001:db8::1', 'ENETUNREACH');
    expect(begun).toEqual(['2001:db8::1', '192.0.2.1']);
    await clock.advance(249);
    expect(begun).toHaveLength(2);
    await clock.advance(1);
    expect(begun).toHaveLength(3);
  });

  test('at most eight addresses of a name are tried', async () => {
    const { clock, begun } = setUp(Array.from({ length: 100 }, (_, index) => `192.0.2.${index}`));
    for (let passed = 0; passed < 20; passed += 1) await clock.advance(250);
    expect(begun).toHaveLength(8);
  });
});

describe('the first connection', () => {
  test.each(['2001:db8::1', '192.0.2.1'])(
    'when %s connects first, its connection is used and the other socket is closed',
    async (winner) => {
      const { clock, result, connect, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
      await clock.advance(250);
      connect(winner);
      expect(await result).toBe(socketOf(winner));
      const destroyed = ['2001:db8::1', '192.0.2.1'].filter((address) => socketOf(address).destroyed);
      expect(destroyed).toEqual(['2001:db8::1', '192.0.2.1'].filter((address) => address !== winner));
    },
  );

  test('an attempt to connect is not given up before the time limit', async () => {
    const { clock, result, connect, fail, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
    fail('2001:db8::1', 'ENETUNREACH');
    await clock.advance(9999);
    expect(socketOf('192.0.2.1').destroyed).toBe(false);
    connect('192.0.2.1');
    expect(await result).toBe(socketOf('192.0.2.1'));
  });

  test('once a connection is made, no further address is tried and the time limit does not close it', async () => {
    const { clock, begun, result, connect, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
    connect('2001:db8::1');
    expect(await result).toBe(socketOf('2001:db8::1'));
    await clock.advance(20_000);
    expect(begun).toEqual(['2001:db8::1']);
    expect(socketOf('2001:db8::1').destroyed).toBe(false);
    expect(clock.sleeperCount()).toBe(0);
  });

  test('an error on an established connection does not start an attempt with another address', async () => {
    const { begun, result, connect, fail } = setUp(['2001:db8::1', '192.0.2.1']);
    connect('2001:db8::1');
    await result;
    fail('2001:db8::1', 'ECONNRESET');
    expect(begun).toEqual(['2001:db8::1']);
  });
});

describe('no connection', () => {
  test('at the time limit all attempts fail with ETIMEDOUT, and their sockets are closed', async () => {
    const { clock, result, socketOf } = setUp(['2001:db8::1', '192.0.2.1'], 1000);
    await clock.advance(250);
    await clock.advance(750);
    expect(await result).toMatchObject({ code: 'ETIMEDOUT' });
    expect(socketOf('2001:db8::1').destroyed).toBe(true);
    expect(socketOf('192.0.2.1').destroyed).toBe(true);
  });

  test.each([
    ['ECONNREFUSED', 'ENETUNREACH'],
    ['ECONNREFUSED', 'ECONNRESET'],
    ['ECONNRESET', 'EHOSTUNREACH'],
    ['ECONNRESET', 'ETIMEDOUT'],
    ['ETIMEDOUT', 'ENETUNREACH'],
  ])('when two addresses fail, %s is reported rather than %s, whichever came first', async (reported, other) => {
    for (const codes of [
      [reported, other],
      [other, reported],
    ] as const) {
      const { result, fail } = setUp(['2001:db8::1', '192.0.2.1']);
      fail('2001:db8::1', codes[0]);
      fail('192.0.2.1', codes[1]);
      expect(await result).toMatchObject({ code: reported });
    }
  });

  test('when two addresses are unreachable, the error of the last one is reported', async () => {
    const { result, fail } = setUp(['2001:db8::1', '192.0.2.1']);
    fail('2001:db8::1', 'ENETUNREACH');
    fail('192.0.2.1', 'EHOSTUNREACH');
    expect(await result).toMatchObject({ code: 'EHOSTUNREACH' });
  });

  test('when one address refuses and the other stays silent, the refusal is reported at the time limit', async () => {
    const { clock, result, fail } = setUp(['2001:db8::1', '192.0.2.1'], 1000);
    fail('2001:db8::1', 'ECONNREFUSED');
    await clock.advance(1000);
    expect(await result).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
