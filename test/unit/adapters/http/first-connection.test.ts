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
  test('the families alternate, IPv6 first, each in its order', async () => {
    const { clock, begun } = setUp(['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2']);
    for (let passed = 0; passed < 5; passed += 1) await clock.advance(250);
    expect(begun).toEqual(['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2', '192.0.2.3']);
  });

  test('the next address is tried after a head start of 250 ms, beside the first', async () => {
    const { clock, begun, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
    await clock.advance(249);
    expect(begun).toEqual(['2001:db8::1']);
    await clock.advance(1);
    expect(begun).toEqual(['2001:db8::1', '192.0.2.1']);
    expect(socketOf('2001:db8::1').destroyed).toBe(false);
  });

  test('the next address is tried at once when one has failed, and has a whole head start of its own', async () => {
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
  test.each(['2001:db8::1', '192.0.2.1'])('%s wins when it connects first, and the other is closed', async (winner) => {
    const { clock, result, connect, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
    await clock.advance(250);
    connect(winner);
    expect(await result).toBe(socketOf(winner));
    const destroyed = ['2001:db8::1', '192.0.2.1'].filter((address) => socketOf(address).destroyed);
    expect(destroyed).toEqual(['2001:db8::1', '192.0.2.1'].filter((address) => address !== winner));
  });

  test('an attempt goes on to the limit, long after its head start is over', async () => {
    const { clock, result, connect, fail, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
    fail('2001:db8::1', 'ENETUNREACH');
    await clock.advance(9999);
    expect(socketOf('192.0.2.1').destroyed).toBe(false);
    connect('192.0.2.1');
    expect(await result).toBe(socketOf('192.0.2.1'));
  });

  test('no address is tried and no limit applies when the connection is made', async () => {
    const { clock, begun, result, connect, socketOf } = setUp(['2001:db8::1', '192.0.2.1']);
    connect('2001:db8::1');
    expect(await result).toBe(socketOf('2001:db8::1'));
    await clock.advance(20_000);
    expect(begun).toEqual(['2001:db8::1']);
    expect(socketOf('2001:db8::1').destroyed).toBe(false);
    expect(clock.sleeperCount()).toBe(0);
  });

  test('a later error of the connection does not begin another attempt', async () => {
    const { begun, result, connect, fail } = setUp(['2001:db8::1', '192.0.2.1']);
    connect('2001:db8::1');
    await result;
    fail('2001:db8::1', 'ECONNRESET');
    expect(begun).toEqual(['2001:db8::1']);
  });
});

describe('no connection', () => {
  test('the limit ends all attempts together with ETIMEDOUT, and their sockets are closed', async () => {
    const { clock, result, socketOf } = setUp(['2001:db8::1', '192.0.2.1'], 1000);
    await clock.advance(250);
    await clock.advance(750);
    expect(await result).toMatchObject({ code: 'ETIMEDOUT' });
    expect(socketOf('2001:db8::1').destroyed).toBe(true);
    expect(socketOf('192.0.2.1').destroyed).toBe(true);
  });

  test.each([
    ['a refusal', 'ECONNREFUSED', 'ENETUNREACH'],
    ['a refusal', 'ECONNREFUSED', 'ECONNRESET'],
    ['a reset', 'ECONNRESET', 'EHOSTUNREACH'],
    ['a reset', 'ECONNRESET', 'ETIMEDOUT'],
    ['a timeout', 'ETIMEDOUT', 'ENETUNREACH'],
  ])('%s is reported (%s) whichever address it came from, and not %s', async (_what, told, other) => {
    for (const codes of [
      [told, other],
      [other, told],
    ] as const) {
      const { result, fail } = setUp(['2001:db8::1', '192.0.2.1']);
      fail('2001:db8::1', codes[0]);
      fail('192.0.2.1', codes[1]);
      expect(await result).toMatchObject({ code: told });
    }
  });

  test('of two other errors, the last one is reported', async () => {
    const { result, fail } = setUp(['2001:db8::1', '192.0.2.1']);
    fail('2001:db8::1', 'ENETUNREACH');
    fail('192.0.2.1', 'EHOSTUNREACH');
    expect(await result).toMatchObject({ code: 'EHOSTUNREACH' });
  });

  test('a refusal by one address and silence of the other is a refusal, after the limit', async () => {
    const { clock, result, fail } = setUp(['2001:db8::1', '192.0.2.1'], 1000);
    fail('2001:db8::1', 'ECONNREFUSED');
    await clock.advance(1000);
    expect(await result).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
