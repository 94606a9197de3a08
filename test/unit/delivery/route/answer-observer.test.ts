import { beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../../../lib/core/destination/connection.ts';
import type { ConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import { defaultTransport } from '../../../../lib/core/destination/delivery-policy.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { unauthorizedLimitOf } from '../../../../lib/core/destination/unauthorized-run.ts';
import type { ResolvedDestination } from '../../../../lib/core/destination/resolved-destination.ts';
import { createAnswerObserver } from '../../../../lib/delivery/route/answer-observer.ts';
import type { ConnectionStates } from '../../../../lib/ports/token.ts';
import type { UnauthorizedRuns } from '../../../../lib/ports/delivery.ts';
import { apiDestinationOf, connectionOf } from '../../../contract/dynamodb/subjects.ts';
import type { Faults } from '../../../fakes/faults.ts';
import { InjectedFault, createFaults } from '../../../fakes/faults.ts';
import type { InMemoryConnections } from '../../../fakes/in-memory-connections.ts';
import { createInMemoryConnections } from '../../../fakes/in-memory-connections.ts';
import type { ManualClock } from '../../../fakes/manual-clock.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';

const secondMs = 1000;
const startMs = Date.UTC(2026, 0, 1);

let clock: ManualClock;
let connections: InMemoryConnections;
let faults: Faults;

beforeEach(async () => {
  clock = createManualClock(startMs);
  connections = createInMemoryConnections();
  faults = createFaults();
  await connections.create(connectionOf('billing'));
});

const stored = async (): Promise<Connection> => {
  const connection = await connections.read('billing');
  if (connection === undefined) throw new Error('The connection is gone.');
  return connection;
};

const basic: ConnectionSecret = {
  credentials: { authorizationType: 'BASIC', username: 'someone', password: 'secret' },
};

function routeOf(connection: Connection, secret = basic): ResolvedDestination {
  const policy = policyOf();
  return {
    connection,
    apiDestination: apiDestinationOf('orders'),
    secret,
    policy,
    transport: defaultTransport,
    versions: '',
  };
}

interface WorkerOptions {
  readonly limit?: number;
  readonly runs?: UnauthorizedRuns;
  readonly states?: Pick<ConnectionStates, 'change'>;
}

/** A worker that reads its connection after every refusal and when the test asks for it. */
function createWorker({ limit = 10, runs = connections, states = connections }: WorkerOptions = {}) {
  const observe = createAnswerObserver({
    runs: faults.wrap('runs', runs),
    states: faults.wrap('states', states),
    clock,
    limit: unauthorizedLimitOf(limit, 15_000),
  });
  let cached: Connection | undefined;
  const read = async (): Promise<Connection> => (cached = await stored());
  return {
    observe,
    read,
    async refuse(status = 401, requestedAtMs = clock.nowMs()) {
      await observe(routeOf(await read()), { status, requestedAtMs });
    },
    async accept(requestedAtMs = clock.nowMs()) {
      await observe(routeOf(cached ?? (await read())), { status: 200, requestedAtMs });
    },
  };
}

type Worker = ReturnType<typeof createWorker>;

/** Answers `count` requests with 401, at equal intervals over the next `overMs`. */
async function refuse(worker: Worker, count: number, overMs: number, status?: number): Promise<void> {
  const firstMs = clock.nowMs();
  for (let index = 0; index < count; index += 1) {
    clock.set(firstMs + (count === 1 ? 0 : Math.floor((overMs * index) / (count - 1))));
    await worker.refuse(status);
  }
}

describe('a connection', () => {
  test.each([401, 407])(
    'a connection is deauthorized by the tenth %i in a row when the first one was 30 s ago',
    async (status) => {
      const worker = createWorker();
      await refuse(worker, 9, 29 * secondMs, status);
      expect((await stored()).state).toBe('AUTHORIZED');
      clock.set(startMs + 30 * secondMs);
      await worker.refuse(status);
      expect(await stored()).toMatchObject({
        state: 'DEAUTHORIZED',
        stateReason:
          'The credentials were refused at least 10 times in a row since 2026-01-01T00:00:00.000Z, last by API destination ' +
          `'orders' with HTTP status ${status}.`,
        lastModifiedTimeMs: startMs + 30 * secondMs,
      });
    },
  );

  test('a hundred refusals within 30 s cause only ten writes and do not deauthorize a connection', async () => {
    const worker = createWorker();
    await refuse(worker, 100, 30 * secondMs - 1);
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED', unauthorizedRun: { count: 10, sinceMs: startMs } });
    expect(faults.calls).toEqual(Array.from({ length: 10 }, () => 'runs.add'));
    clock.set(startMs + 30 * secondMs);
    await worker.refuse();
    expect((await stored()).state).toBe('DEAUTHORIZED');
  });

  test('nine refusals in a day do not deauthorize a connection', async () => {
    await refuse(createWorker(), 9, 86_400 * secondMs);
    expect((await stored()).state).toBe('AUTHORIZED');
  });

  test('a connection is deauthorized by the refusals of many workers together', async () => {
    for (let index = 0; index < 10; index += 1) {
      clock.set(startMs + index * 4 * secondMs);
      await createWorker().refuse();
    }
    expect((await stored()).state).toBe('DEAUTHORIZED');
  });

  test('with a limit of one refusal, the first refusal deauthorizes a connection with one write', async () => {
    await createWorker({ limit: 1 }).refuse();
    expect(await stored()).toMatchObject({
      state: 'DEAUTHORIZED',
      stateReason: "The credentials were refused by API destination 'orders' with HTTP status 401.",
    });
    expect(faults.calls).toEqual(['states.change']);
  });

  test.each([100, 304, 400, 403, 404, 409, 429, 500, 503])(
    'an answer with status %i neither counts in a run of 401s nor ends it',
    async (status) => {
      const worker = createWorker();
      await worker.refuse();
      faults.heal();
      for (let index = 0; index < 20; index += 1) {
        clock.set(startMs + index * 10 * secondMs);
        await worker.refuse(status);
      }
      expect(faults.calls).toEqual([]);
      expect(await stored()).toMatchObject({ state: 'AUTHORIZED', unauthorizedRun: { count: 1, sinceMs: startMs } });
    },
  );

  test('neither a refusal nor a success changes the run of 401s of an OAuth connection', async () => {
    const { observe, read, refuse: refuseBasic } = createWorker();
    await refuseBasic();
    faults.heal();
    const credentials = {
      authorizationType: 'OAUTH_CLIENT_CREDENTIALS' as const,
      clientId: 'client',
      clientSecret: 'secret',
      authorizationEndpoint: 'https://example.com/token',
      httpMethod: 'POST' as const,
    };
    const route = routeOf(await read(), { credentials });
    for (const status of [401, 407, 200]) await observe(route, { status, requestedAtMs: clock.nowMs() });
    expect(faults.calls).toEqual([]);
  });

  test('a worker that used old credentials does not deauthorize a connection that has new ones', async () => {
    const worker = createWorker();
    await refuse(worker, 10, 29 * secondMs);
    const before = await worker.read();
    expect(await connections.update(before, { ...before, secretVersion: 'version-2' })).toBe('written');
    clock.set(startMs + 40 * secondMs);
    await worker.observe(routeOf(before), { status: 401, requestedAtMs: clock.nowMs() });
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED', secretVersion: 'version-2' });
    await worker.refuse();
    expect((await stored()).unauthorizedRun).toEqual({ count: 1, sinceMs: startMs + 40 * secondMs });
  });

  test('with a limit of one refusal, a refusal of old credentials does not deauthorize a connection that has new ones', async () => {
    const worker = createWorker({ limit: 1 });
    const before = await worker.read();
    await connections.update(before, { ...before, secretVersion: 'version-2' });
    await worker.observe(routeOf(before), { status: 401, requestedAtMs: clock.nowMs() });
    expect((await stored()).state).toBe('AUTHORIZED');
  });
});

describe('a success', () => {
  test('a success calls no store when the connection has no run of 401s', async () => {
    const worker = createWorker();
    for (let index = 0; index < 100; index += 1) await worker.accept();
    expect(faults.calls).toEqual([]);
  });

  test('the first success of a worker ends the run of 401s, and later successes write nothing', async () => {
    const worker = createWorker();
    await refuse(worker, 9, 60 * secondMs);
    faults.heal();
    await Promise.all(Array.from({ length: 10 }, () => worker.accept()));
    await worker.accept();
    expect(faults.calls).toEqual(['runs.end']);
    expect(await stored()).not.toHaveProperty('unauthorizedRun');
    await worker.refuse();
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED', unauthorizedRun: { count: 1 } });
  });

  test('a worker that did not see the refusals ends a run of 401s by a success after it has read the connection', async () => {
    const [refused, accepted] = [createWorker(), createWorker()];
    await accepted.accept();
    await refuse(refused, 9, 10 * secondMs);
    faults.heal();
    await accepted.accept();
    expect(faults.calls).toEqual([]);
    await accepted.read();
    await accepted.accept();
    await accepted.accept();
    expect(faults.calls).toEqual(['runs.end']);
    expect(await stored()).not.toHaveProperty('unauthorizedRun');
  });

  test('a connection stays authorized when one endpoint always refuses it and another one occasionally accepts it', async () => {
    const [refused, accepted] = [createWorker(), createWorker()];
    for (let second = 0; second < 600; second += 1) {
      clock.set(startMs + second * secondMs);
      await refused.refuse();
      if (second % 15 === 0) await accepted.read();
      if (second % 7 === 0) await accepted.accept();
    }
    expect((await stored()).state).toBe('AUTHORIZED');
  });

  test('a success ends a run of 401s only if its request was made after the run began', async () => {
    const worker = createWorker();
    clock.set(startMs + 5 * secondMs);
    await worker.refuse();
    await worker.accept(startMs);
    expect((await stored()).unauthorizedRun).toEqual({ count: 1, sinceMs: startMs + 5 * secondMs });
    await worker.accept();
    expect(await stored()).not.toHaveProperty('unauthorizedRun');
  });

  test('a success does not end a run of 401s that is newer than the one its worker has read', async () => {
    const [late, other] = [createWorker(), createWorker()];
    await other.refuse();
    await late.read();
    clock.set(startMs + secondMs);
    await other.accept();
    clock.set(startMs + 2 * secondMs);
    await other.refuse();
    await late.accept();
    expect((await stored()).unauthorizedRun).toEqual({ count: 1, sinceMs: startMs + 2 * secondMs });
  });
});

describe('a worker that was frozen for an hour', () => {
  const hourMs = 3600 * secondMs;

  test('a refused request that took an hour does not count in a run of 401s that began later', async () => {
    const frozen = createWorker();
    await frozen.read();
    clock.set(startMs + hourMs);
    await refuse(createWorker(), 9, 0);
    await frozen.refuse(401, startMs);
    expect((await stored()).unauthorizedRun).toEqual({ count: 9, sinceMs: startMs + hourMs });
  });

  test('a run of 401s begins when the refusal is recorded, even if its request took an hour', async () => {
    clock.set(startMs + hourMs);
    await createWorker().refuse(401, startMs);
    await refuse(createWorker(), 20, 29 * secondMs);
    expect(await stored()).toMatchObject({
      state: 'AUTHORIZED',
      unauthorizedRun: { count: 10, sinceMs: startMs + hourMs },
    });
  });

  test('a worker that was suspended for an hour does not deauthorize a connection whose run of 401s has ended meanwhile', async () => {
    const other = createWorker();
    await refuse(other, 10, 29 * secondMs);
    clock.set(startMs + 40 * secondMs);
    const held = faults.hold('states.change');
    const frozen = createWorker().refuse();
    await held.reached;
    await other.accept();
    clock.set(startMs + hourMs);
    held.release();
    await frozen;
    expect(await stored()).toMatchObject({ state: 'AUTHORIZED' });
  });
});

describe('a table that cannot be reached', () => {
  const unavailable = () => Promise.reject(new Failure('StoreUnavailable', 'injected'));

  test('a refusal is not counted while the table cannot be reached', async () => {
    const worker = createWorker({ runs: { add: unavailable, end: unavailable } });
    await refuse(worker, 20, 60 * secondMs);
    expect(await stored()).toEqual(connectionOf('billing'));
  });

  test('a connection is deauthorized by the next refusal when the table could not be reached at the previous one', async () => {
    await refuse(createWorker(), 10, 29 * secondMs);
    clock.set(startMs + 31 * secondMs);
    await createWorker({ states: { change: unavailable } }).refuse();
    expect((await stored()).state).toBe('AUTHORIZED');
    await createWorker().refuse();
    expect((await stored()).state).toBe('DEAUTHORIZED');
  });

  test('a run of 401s goes on while the table cannot be reached, and ends with a success after the next read', async () => {
    await createWorker().refuse();
    let calls = 0;
    const worker = createWorker({
      runs: {
        add: connections.add,
        end: (...given) => (++calls === 1 ? unavailable() : connections.end(...given)),
      },
    });
    await worker.accept();
    await worker.accept();
    expect([calls, (await stored()).unauthorizedRun?.count]).toEqual([1, 1]);
    await worker.read();
    await worker.accept();
    expect(await stored()).not.toHaveProperty('unauthorizedRun');
  });

  test('a table that does not answer delays a success by at most a second', async () => {
    await createWorker().refuse();
    const held = faults.hold('runs.end');
    const accepted = createWorker().accept();
    await held.reached;
    await clock.advance(secondMs);
    await accepted;
    expect((await stored()).unauthorizedRun?.count).toBe(1);
    held.release();
  });

  test('a table that does not answer delays a refusal by at most a second', async () => {
    const held = faults.hold('runs.add');
    const refused = createWorker().refuse();
    await held.reached;
    await clock.advance(secondMs);
    await refused;
    expect(await stored()).not.toHaveProperty('unauthorizedRun');
    held.release();
    await clock.advance(0);
    expect((await stored()).unauthorizedRun?.count).toBe(1);
  });

  test('an error that a bug causes is thrown unchanged, not treated as an unreachable table', async () => {
    faults.fail('runs.add', 'before');
    await expect(createWorker().refuse()).rejects.toBeInstanceOf(InjectedFault);
  });
});
