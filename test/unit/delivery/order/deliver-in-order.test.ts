import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { handles, raw } from '../worker.ts';
import { delivered, failedForNow, rejected } from '../outcomes.ts';
import { asOfGroup, createOrderedWorker, inGroup } from './ordered-worker.ts';

const outage = new Failure('StoreUnavailable', 'injected');

describe('a batch of the ordered queue', () => {
  test('the events of a group are attempted one after another, and those of other groups side by side', async () => {
    const underWay = new Set<string>();
    const together: string[][] = [];
    const { run, attempted } = createOrderedWorker(async (id) => {
      underWay.add(id);
      together.push([...underWay]);
      await new Promise((resolve) => setImmediate(resolve));
      underWay.delete(id);
      return delivered;
    });
    const batch = [inGroup('a', 'a1'), inGroup('a', 'a2'), inGroup('b', 'b1'), inGroup('a', 'a3'), inGroup('b', 'b2')];
    expect(await run(batch)).toEqual([]);
    expect(attempted.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(together).toContainEqual(['a1', 'b1']);
    expect(together.filter((ids) => new Set(ids.map((id) => id.charAt(0))).size < ids.length)).toEqual([]);
  });

  test('an event that must wait holds the later ones of its group, and no other group', async () => {
    const { run, attempted, held, queue, conclusions, clock } = createOrderedWorker((id) =>
      id === 'a2' ? failedForNow(40_000) : delivered,
    );
    const batch = [inGroup('a', 'a1'), inGroup('a', 'a2'), inGroup('a', 'a3'), inGroup('b', 'b1')];
    expect(await run(batch)).toEqual(['a2', 'a3']);
    expect(attempted.toSorted()).toEqual(['a1', 'a2', 'b1']);
    expect(held.hidden).toEqual([{ receiptHandles: handles('a2', 'a3'), seconds: 40 }]);
    expect(queue.sent).toEqual([]);
    expect(conclusions.find(({ eventId }) => eventId === 'a2')).toMatchObject({
      settlement: { kind: 'deferred', notBeforeMs: clock.nowMs() + 40_000 },
      waitsFor: 'retry-after',
      attempts: 1,
    });
    expect(conclusions).toHaveLength(3);
  });

  test('an event that fails for good becomes a dead letter, and its group goes on', async () => {
    const { run, attempted, deadLetters } = createOrderedWorker((id) => (id === 'a1' ? rejected : delivered));
    expect(await run([inGroup('a', 'a1'), inGroup('a', 'a2')])).toEqual([]);
    expect(attempted).toEqual(['a1', 'a2']);
    expect(deadLetters.letters).toMatchObject([{ code: 'EndpointRejected', delivery: { orderedGroup: 'a' } }]);
  });

  test('a message that is not a delivery becomes a dead letter, and its group goes on', async () => {
    const { run, attempted, deadLetters } = createOrderedWorker();
    const bad = asOfGroup('a', raw('bad', { body: '{"no":"envelope"}', attributes: {} }));
    expect(await run([bad, inGroup('a', 'a2')])).toEqual([]);
    expect(attempted).toEqual(['a2']);
    expect(deadLetters.letters).toMatchObject([{ code: 'InvalidDelivery' }]);
  });

  test('an event that no queue takes over holds its group for a minute', async () => {
    const { run, attempted, held, deadLetters } = createOrderedWorker(() => rejected);
    deadLetters.failWith(outage);
    expect(await run([inGroup('a', 'a1'), inGroup('a', 'a2')])).toEqual(['a1', 'a2']);
    expect(attempted).toEqual(['a1']);
    expect(held.hidden).toEqual([{ receiptHandles: handles('a1', 'a2'), seconds: 60 }]);
  });

  test('an error in our own code holds its group only', async () => {
    const { run, attempted } = createOrderedWorker((id) => {
      if (id === 'a1') throw new TypeError('injected');
      return delivered;
    });
    expect(await run([inGroup('a', 'a1'), inGroup('a', 'a2'), inGroup('b', 'b1')])).toEqual(['a1', 'a2']);
    expect(attempted).toEqual(['a1', 'b1']);
  });

  test('delivered messages are deleted while a later one of their group is under way', async () => {
    const { run, received, settled } = createOrderedWorker(async (id) => {
      if (id === 'a2') await settled();
      if (id === 'a2') expect(received.removed).toEqual(handles('a1'));
      return delivered;
    });
    expect(await run([inGroup('a', 'a1'), inGroup('a', 'a2')])).toEqual([]);
    expect.assertions(2);
  });

  test('if messages can be neither hidden nor deleted, the batch is answered as usual', async () => {
    const { run, held, received } = createOrderedWorker((id) => (id === 'a2' ? failedForNow() : delivered));
    held.failWith(outage);
    received.failWith(outage);
    expect(await run([inGroup('a', 'a1'), inGroup('a', 'a2'), inGroup('a', 'a3')])).toEqual(['a2', 'a3']);
  });

  test.each<[string, number, object[]]>([
    ['whose time is up begins no further attempt, and its messages come back at once', 55_001, [{ seconds: 0 }]],
    ['that was frozen beyond its deadline begins no further attempt, and leaves its messages alone', 3_600_000, []],
  ])('a worker %s', async (_what, frozenForMs, hidden) => {
    const { run, attempted, held, clock } = createOrderedWorker(() => {
      clock.set(clock.nowMs() + frozenForMs);
      return delivered;
    });
    expect(await run([inGroup('a', 'a1'), inGroup('a', 'a2')])).toEqual(['a2']);
    expect(attempted).toEqual(['a1']);
    expect(held.hidden).toMatchObject(hidden);
    expect(held.hidden).toHaveLength(hidden.length);
  });
});

describe('the progress of an event that waits in the ordered queue', () => {
  test('an event that is received once reads and writes no progress if it is delivered', async () => {
    const { run, progressStore } = createOrderedWorker();
    await run([inGroup('a', 'a1')]);
    expect(progressStore.calls).toEqual([]);
  });

  test('an event that must wait continues with its attempts, and is not attempted before its time', async () => {
    const { run, attempted, held, progressStore, clock } = createOrderedWorker(() => failedForNow(2_000_000));
    await run([inGroup('a', 'a1', 4)]);
    expect(progressStore.saved.get('a1')).toMatchObject({ attempts: 1, finishedReceives: 4 });
    await clock.advance(900_000);
    expect(await run([inGroup('a', 'a1', 5)])).toEqual(['a1']);
    expect(attempted).toHaveLength(1);
    await clock.advance(1_100_000);
    await run([inGroup('a', 'a1', 6)]);
    expect(attempted).toHaveLength(2);
    expect(progressStore.saved.get('a1')).toMatchObject({ attempts: 2, finishedReceives: 6 });
    // SQS hides a message for 900 s at most here, as it delays one in the delivery queue.
    expect(held.hidden.map(({ seconds }) => seconds)).toEqual([900, 900, 900]);
  });

  test('an event whose retries are used up becomes a dead letter, however often it was received', async () => {
    const { run, progressStore, deadLetters, clock } = createOrderedWorker(() => failedForNow());
    let receiveCount = 0;
    while (deadLetters.letters.length === 0 && receiveCount < 400) {
      receiveCount += 1;
      await run([inGroup('a', 'a1', receiveCount)]);
      await clock.advance(1000);
    }
    expect(deadLetters.letters).toMatchObject([{ condition: 'MaximumRetryAttempts', delivery: { attempts: 186 } }]);
    expect(progressStore.saved.get('a1')?.attempts).toBe(185);
  });

  test('if the progress cannot be saved, the event waits all the same, and its attempt is not counted', async () => {
    const { run, held, progressStore, attempted } = createOrderedWorker(() => failedForNow(5000));
    progressStore.failWith('save', outage);
    expect(await run([inGroup('a', 'a1')])).toEqual(['a1']);
    expect(held.hidden).toMatchObject([{ seconds: 5 }]);
    await run([inGroup('a', 'a1', 2)]);
    expect(attempted).toHaveLength(2);
  });

  test('if the progress cannot be read, the event is not attempted, waits, and keeps what was saved', async () => {
    const { run, attempted, held, progressStore, conclusions } = createOrderedWorker();
    progressStore.failWith('read', new TypeError('An item of the table has no number.'));
    expect(await run([inGroup('a', 'a1', 2), inGroup('a', 'a2', 2)])).toEqual(['a1', 'a2']);
    expect(attempted).toEqual([]);
    expect(progressStore.calls).toEqual(['read a1']);
    expect(held.hidden).toHaveLength(1);
    expect(conclusions).toMatchObject([{ code: 'StoreUnavailable', waitsFor: 'store', attempts: 0 }]);
  });

  test('if the progress can never be read, the event becomes a dead letter when it is older than a day', async () => {
    const { run, progressStore, deadLetters, clock } = createOrderedWorker();
    progressStore.failWith('read', outage);
    await clock.advance(86_400_001);
    expect(await run([inGroup('a', 'a1', 2)])).toEqual([]);
    expect(deadLetters.letters).toMatchObject([{ code: 'EventExpired' }]);
  });

  test('a message that crashes its workers becomes a dead letter, and its group goes on', async () => {
    const { run, attempted, deadLetters, progressStore } = createOrderedWorker();
    progressStore.failWith('save', outage);
    const unfinished = { unfinishedAttempts: 5, finishedReceives: 0, settledEvents: 0, attempts: 0, postponements: 0 };
    const saved = progressStore.saved as Map<string, typeof unfinished>;
    saved.set('a1', unfinished);
    expect(await run([inGroup('a', 'a1', 9), inGroup('a', 'a2', 9)])).toEqual([]);
    expect(attempted).toEqual(['a2']);
    expect(deadLetters.letters).toMatchObject([{ code: 'ReceivedTooOften' }]);
  });

  test('an event that waited behind another one a hundred times gets all its attempts', async () => {
    const { run, attempted } = createOrderedWorker();
    expect(await run([inGroup('a', 'a1', 100)])).toEqual([]);
    expect(attempted).toEqual(['a1']);
  });
});

describe('a message of the ordered queue from another sender', () => {
  const envelopes = (ids: readonly string[]) =>
    JSON.stringify(ids.map((id) => ({ apiDestination: 'orders', event: { id } })));

  test('the events of an array are sent one after another, and after a wait it goes on with the event that waited', async () => {
    const fails = new Set(['e2']);
    const { run, attempted, held, clock } = createOrderedWorker((id) =>
      fails.delete(id) ? failedForNow(5000) : delivered,
    );
    const array = (receiveCount: number) =>
      asOfGroup('a', raw('m', { body: envelopes(['e1', 'e2', 'e3']), attributes: {} }, receiveCount));
    expect(await run([array(1), inGroup('a', 'later')])).toEqual(['m', 'later']);
    expect(held.hidden).toMatchObject([{ receiptHandles: handles('m', 'later'), seconds: 5 }]);
    expect(await run([array(2), inGroup('a', 'later', 2)])).toEqual(['m', 'later']);
    expect(attempted).toEqual(['e1', 'e2']);
    await clock.advance(5000);
    expect(await run([array(3), inGroup('a', 'later', 3)])).toEqual([]);
    expect(attempted).toEqual(['e1', 'e2', 'e2', 'e3', 'later']);
  });

  test('a message that only a newer version can read holds its group, and is a dead letter after a day', async () => {
    const LASTMILE = JSON.stringify({ v: 2, apiDestination: 'orders' });
    const newer = asOfGroup('a', raw('new', { body: '{}', attributes: { LASTMILE } }));
    const { run, attempted, held, rawMessages, clock } = createOrderedWorker();
    expect(await run([newer, inGroup('a', 'a2')])).toEqual(['new', 'a2']);
    expect(held.hidden).toMatchObject([{ seconds: 60 }]);
    await clock.advance(86_400_001);
    expect(await run([newer, inGroup('a', 'a2')])).toEqual([]);
    expect(rawMessages.buried).toMatchObject([{ body: '{}' }]);
    expect(attempted).toEqual([]);
  });

  test('a message that has waited for a newer version for long is attempted as soon as a worker can read it', async () => {
    const { run, attempted, deadLetters } = createOrderedWorker();
    const LASTMILE = JSON.stringify({ v: 2, apiDestination: 'orders' });
    for (let receiveCount = 1; receiveCount <= 20; receiveCount += 1) {
      const newer = asOfGroup('a', raw('a1', { body: '{}', attributes: { LASTMILE } }, receiveCount));
      expect(await run([newer])).toEqual(['a1']);
    }
    expect(await run([inGroup('a', 'a1', 21)])).toEqual([]);
    expect([attempted, deadLetters.letters]).toEqual([['a1'], []]);
  });
});
