import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createNames } from '../../../lib/adapters/dns/names.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { silence } from '../../servers/endpoints/dns-server.ts';
import { failureOf, name, nameSubjects } from './name-subjects.ts';

const setUp = nameSubjects();
const dnsFailed = { name: 'Failure', code: 'DnsFailed', kind: 'retryable' };

describe('both families', () => {
  test('a name has the addresses of both families, IPv6 first', async () => {
    const { resolve } = await setUp(() => ['93.184.216.34', '2606:4700::1', '93.184.216.35']);
    expect(await resolve(name)).toEqual([
      '2606:4700::1',
      expect.stringContaining('93.'),
      expect.stringContaining('93.'),
    ]);
  });

  test.each([
    ['IPv4', ['93.184.216.34']],
    ['IPv6', ['2606:4700::1']],
  ])('a name that has only an %s address resolves to that address', async (_family, addresses) => {
    const { resolve } = await setUp(() => addresses);
    expect(await resolve(name)).toEqual(addresses);
  });

  test.each([
    ['AAAA', 'A', '93.184.216.34'],
    ['A', 'AAAA', '2606:4700::1'],
  ] as const)(
    'when the name server does not answer the %s query, the answer to the %s query is used after 50 ms',
    async (silentFamily, _other, address) => {
      const { resolve, clock, dns } = await setUp(() => ({ addresses: [address], silent: [silentFamily] }));
      const found = resolve(name);
      let isFound = false;
      void found.then(() => (isFound = true));
      await dns.questions(2);
      await untilTimers(clock, 2);
      await clock.advance(49);
      expect(isFound).toBe(false);
      await clock.advance(1);
      expect(await found).toEqual([address]);
    },
  );

  test('a name resolves to its IPv4 address when the query for IPv6 fails', async () => {
    const { resolve } = await setUp(() => ({ addresses: ['93.184.216.34'], failing: ['AAAA'] }));
    expect(await resolve(name)).toEqual(['93.184.216.34']);
  });

  test('a look-up fails after two seconds when the name has no IPv6 address and the IPv4 query gets no answer', async () => {
    const { resolve, clock, dns } = await setUp(() => ({ addresses: [], silent: ['A'] }));
    const failed = failureOf(resolve(name));
    await dns.questions(2);
    await clock.advance(2000);
    expect(await failed).toMatchObject({ ...dnsFailed, message: expect.stringContaining('did not answer in time') });
  });
});

describe('a failure', () => {
  test('a look-up of a name without an address fails with DnsFailed, and the message has the name', async () => {
    const { resolve } = await setUp(() => []);
    expect(await failureOf(resolve(name))).toMatchObject({
      ...dnsFailed,
      message: `No address was found for ${name} (ENODATA).`,
    });
  });

  test('a look-up fails with DnsFailed when the name server answers SERVFAIL', async () => {
    const { resolve } = await setUp(() => ({ addresses: [], failing: ['A', 'AAAA'] }));
    expect(await failureOf(resolve(name))).toMatchObject({
      ...dnsFailed,
      message: expect.stringContaining('ESERVFAIL'),
    });
  });

  test('a look-up fails with DnsFailed when no name server listens at its port', async () => {
    const resolve = createNames({ clock: createManualClock(), servers: ['127.0.0.1:1'], hostsFile: '/no-hosts-file' });
    expect(await failureOf(resolve(name))).toMatchObject(dnsFailed);
  });

  test('a look-up of a name with a label of 64 characters fails with DnsFailed', async () => {
    const { resolve } = await setUp(() => ['93.184.216.34']);
    expect(await failureOf(resolve(`${'a'.repeat(64)}.test`))).toMatchObject(dnsFailed);
  });

  test('a look-up that gets no answer fails with DnsFailed after exactly two seconds', async () => {
    const { resolve, clock, dns } = await setUp(() => silence);
    let failed: unknown;
    void failureOf(resolve(name)).then((error) => (failed = error));
    await dns.questions(2);
    await clock.advance(1999);
    expect(failed).toBeUndefined();
    await clock.advance(1);
    expect(failed).toMatchObject({ ...dnsFailed, message: `The name servers did not answer in time for ${name}.` });
  });

  test('twenty look-ups without an answer do not delay the look-up of another name', async () => {
    const { resolve, clock, dns } = await setUp((asked) => (asked.startsWith('silent') ? silence : ['93.184.216.34']));
    const silent = Array.from({ length: 20 }, (_, index) => failureOf(resolve(`silent-${index}.test`)));
    await dns.questions(40);
    expect(await resolve(name)).toEqual(['93.184.216.34']);
    await clock.advance(2000);
    for (const failed of await Promise.all(silent)) expect(failed).toMatchObject(dnsFailed);
  });
});

describe('the cache', () => {
  test('simultaneous look-ups of one name share one DNS query', async () => {
    const { resolve, dns } = await setUp(() => ['93.184.216.34']);
    const found = await Promise.all([resolve(name), resolve(name.toUpperCase()), resolve(`${name}.`)]);
    expect(found).toEqual(Array(3).fill(['93.184.216.34']));
    expect(dns.asked).toEqual([name]);
  });

  test('simultaneous look-ups of one name share one failure', async () => {
    const { resolve, dns } = await setUp(() => []);
    const [first, second] = await Promise.all([failureOf(resolve(name)), failureOf(resolve(name))]);
    expect(first).toMatchObject(dnsFailed);
    expect(second).toBe(first);
    expect(dns.asked).toEqual([name]);
  });

  test.each([
    ['its time to live', 7, 7000],
    ['60 seconds when its time to live is longer', 86_400, 60_000],
  ])('a DNS answer is cached for %s', async (_howLong, ttlSeconds, keptMs) => {
    const { resolve, clock, dns } = await setUp((_name, index) => ({ addresses: [`93.184.216.${index}`], ttlSeconds }));
    expect(await resolve(name)).toEqual(['93.184.216.0']);
    await clock.advance(keptMs - 1);
    expect(await resolve(name)).toEqual(['93.184.216.0']);
    expect(dns.asked).toHaveLength(1);
    await clock.advance(1);
    expect(await resolve(name)).toEqual(['93.184.216.1']);
  });

  test('a DNS answer with a time to live of 0 is not cached', async () => {
    const { resolve } = await setUp((_name, index) => [`93.184.216.${index}`]);
    expect(await resolve(name)).toEqual(['93.184.216.0']);
    expect(await resolve(name)).toEqual(['93.184.216.1']);
  });

  test('a failed look-up is cached for 5 seconds', async () => {
    const { resolve, clock, dns } = await setUp((_name, index) => (index === 0 ? [] : ['93.184.216.34']));
    expect(await failureOf(resolve(name))).toMatchObject(dnsFailed);
    await clock.advance(4999);
    expect(await failureOf(resolve(name))).toMatchObject(dnsFailed);
    expect(dns.asked).toHaveLength(1);
    await clock.advance(1);
    expect(await resolve(name)).toEqual(['93.184.216.34']);
  });

  test('a DNS answer is cached for only 5 seconds when the query for IPv6 failed', async () => {
    const { resolve, clock } = await setUp((_name, index) => ({
      addresses: [`93.184.216.${index}`, `2606:4700::${index}`],
      ttlSeconds: 60,
      failing: index === 0 ? ['AAAA'] : [],
    }));
    expect(await resolve(name)).toEqual(['93.184.216.0']);
    await clock.advance(4999);
    expect(await resolve(name)).toEqual(['93.184.216.0']);
    await clock.advance(1);
    expect(await resolve(name)).toEqual(['2606:4700::1', '93.184.216.1']);
  });

  test('a cached DNS answer is not used after the clock was set back', async () => {
    const { resolve, clock } = await setUp((_name, index) => ({ addresses: [`93.184.216.${index}`], ttlSeconds: 60 }));
    await resolve(name);
    clock.set(clock.nowMs() - 3_600_000);
    expect(await resolve(name)).toEqual(['93.184.216.1']);
  });

  test('the DNS cache holds 1,000 names, and removes the oldest answer first', async () => {
    const { resolve, dns } = await setUp(() => ({ addresses: ['93.184.216.34'], ttlSeconds: 60 }));
    for (let index = 0; index < 1000; index += 1) await resolve(`n${index}.test`);
    await resolve('n0.test');
    expect(dns.asked).toHaveLength(1000);
    await resolve('one-more.test');
    await resolve('n1.test');
    expect(dns.asked).toHaveLength(1001);
    await resolve('n0.test');
    expect(dns.asked).toHaveLength(1002);
  });
});

describe('without a name server', () => {
  test.each(['93.184.216.34', '2606:4700::1'])('the address %s is used without a DNS query', async (address) => {
    const { resolve, dns } = await setUp(() => []);
    expect(await resolve(address)).toEqual([address]);
    expect(dns.asked).toEqual([]);
  });

  test.each(['localhost', 'LocalHost.', 'api.localhost'])(
    '%s resolves to the loopback addresses without a hosts file',
    async (host) => {
      const { resolve, dns } = await setUp(() => ['93.184.216.34']);
      expect(await resolve(host)).toEqual(['::1', '127.0.0.1']);
      expect(dns.asked).toEqual([]);
    },
  );

  test('a name with a single label is looked up without a search domain', async () => {
    const { resolve, dns } = await setUp(() => ['93.184.216.34']);
    expect(await resolve('backend')).toEqual(['93.184.216.34']);
    expect(dns.asked).toEqual(['backend']);
  });
});

/** Resolves when this many delays are pending on the clock. */
async function untilTimers(clock: { readonly sleeperCount: () => number }, count: number): Promise<void> {
  while (clock.sleeperCount() < count) await nextTurn();
}
