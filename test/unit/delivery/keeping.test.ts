import { expect, test } from 'vitest';
import { namesOf } from '../../../lib/core/delivery/delivery-names.ts';
import type { Conclusion, Delivery } from '../../../lib/core/delivery/delivery.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { formatQueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import { createKeeping } from '../../../lib/delivery/keeping.ts';
import { createInMemoryKeptEvents } from '../../fakes/in-memory-kept-events.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { createWorker, handles, message, raw } from './worker.ts';
import { delivered, deliveryOf, failedForNow } from './outcomes.ts';

/** A store whose writes end when the test says so. */
function createSlowKeeper() {
  const writes: { readonly ids: unknown[]; readonly signal: AbortSignal; end(): void; fail(): void }[] = [];
  const keep = (deliveries: readonly Delivery[], signal: AbortSignal) =>
    new Promise<readonly string[]>((resolve, reject) => {
      const ids = deliveries.map((delivery) => namesOf(delivery).eventId);
      const end = () => resolve(ids.map((id) => `location of ${String(id)}`));
      writes.push({ ids, signal, end, fail: () => reject(new Failure('StoreUnavailable', 'injected')) });
    });
  return { keep, writes };
}

const keptOf = ({ conclusions }: ReturnType<typeof createWorker>) =>
  conclusions.map(({ eventId, kept }) => [eventId, kept]);

test('a batch is kept as one object, and the conclusion of each delivery names its place in the object', async () => {
  const events = createInMemoryKeptEvents(() => 0);
  const worker = createWorker(() => delivered, undefined, events);
  await worker.run([message('a'), message('b')]);
  expect(events.objects.size).toBe(1);
  const found = await Promise.all(worker.conclusions.map(({ kept = '' }) => events.read(kept)));
  expect(found.map((delivery) => delivery && namesOf(delivery).eventId)).toEqual(['a', 'b']);
  expect(worker.notKept()).toBe(0);
});

test('a delivery does not wait until its event is kept, but its conclusion is recorded only after that', async () => {
  const keeper = createSlowKeeper();
  const ending = Promise.withResolvers<void>();
  const attempting = (id: string) => (id === 'a' ? delivered : ending.promise.then(() => delivered));
  const worker = createWorker(attempting, undefined, keeper);
  const running = worker.run([message('a'), message('b')]);
  await worker.settled();
  expect(worker.received.removed).toEqual(handles('a'));
  ending.resolve();
  await worker.settled();
  expect(worker.conclusions).toEqual([]);
  keeper.writes[0]?.end();
  await running;
  expect(keptOf(worker)).toEqual([
    ['a', 'location of a'],
    ['b', 'location of b'],
  ]);
  expect(worker.clock.sleeperCount()).toBe(0);
});

test('when the write of kept events fails, the events are delivered, their conclusions name no place, and each event is counted', async () => {
  const keeper = createSlowKeeper();
  const worker = createWorker(() => delivered, undefined, keeper);
  const running = worker.run([message('a'), message('b')]);
  await worker.settled();
  keeper.writes[0]?.fail();
  expect(await running).toEqual([]);
  expect(keptOf(worker)).toEqual([
    ['a', undefined],
    ['b', undefined],
  ]);
  expect(worker.notKept()).toBe(2);
});

test('an invocation whose deliveries have ended waits a second for the write of kept events and then gives it up', async () => {
  const keeper = createSlowKeeper();
  const worker = createWorker(() => delivered, undefined, keeper);
  const running = worker.run([message('a')]);
  await worker.settled();
  await worker.clock.advance(999);
  expect(worker.conclusions).toEqual([]);
  expect(keeper.writes[0]?.signal.aborted).toBe(false);
  await worker.clock.advance(1);
  expect(await running).toEqual([]);
  expect(keptOf(worker)).toEqual([['a', undefined]]);
  expect(keeper.writes[0]?.signal.aborted).toBe(true);
  expect(worker.notKept()).toBe(1);
});

test('a write of kept events may take as long as the deliveries, if they take longer than a second', async () => {
  const keeper = createSlowKeeper();
  const ending = Promise.withResolvers<void>();
  const worker = createWorker(() => ending.promise.then(() => delivered), undefined, keeper);
  const running = worker.run([message('a')]);
  await worker.settled();
  await worker.clock.advance(20_000);
  keeper.writes[0]?.end();
  ending.resolve();
  await running;
  expect(keptOf(worker)).toEqual([['a', 'location of a']]);
});

test('a write of kept events is given up when the rest of the invocation is reserved for settling', async () => {
  const keeper = createSlowKeeper();
  const ending = Promise.withResolvers<void>();
  const attempting = (id: string) => (id === 'a' ? delivered : ending.promise.then(() => delivered));
  const worker = createWorker(attempting, undefined, keeper);
  const running = worker.run([message('a'), message('b')]);
  await worker.settled();
  await worker.clock.advance(55_000);
  expect(keptOf(worker)).toEqual([['a', undefined]]);
  expect(keeper.writes[0]?.signal.aborted).toBe(true);
  ending.resolve();
  await running;
  expect(worker.notKept()).toBe(2);
});

test('a delivery that comes back from the delivery queue is not kept again', async () => {
  const events = createInMemoryKeptEvents(() => 0);
  const worker = createWorker(() => failedForNow(), undefined, events);
  await worker.run([message('a')]);
  const { queued } = worker.queue.sent[0] ?? expect.fail('Nothing is in the delivery queue.');
  await worker.run([raw('again', formatQueuedDelivery(queued))]);
  expect(events.objects.size).toBe(1);
  expect(worker.conclusions.map(({ kept }) => kept === undefined)).toEqual([false, true]);
  expect(worker.notKept()).toBe(0);
});

test('messages that are delivered later in the same invocation are kept as objects of their own', async () => {
  const events = createInMemoryKeptEvents(() => 0);
  const worker = createWorker(() => delivered, undefined, events);
  await worker.run([message('a'), message('b', { receiveCount: 2 }), message('c', { receiveCount: 2 })]);
  const found = await Promise.all(worker.conclusions.map(({ kept = '' }) => events.read(kept)));
  expect(found.map((delivery) => delivery && namesOf(delivery).eventId)).toEqual(['a', 'b', 'c']);
  expect(events.objects.size).toBe(3);
});

test('an invocation whose time is already over records its conclusions without waiting for the write', async () => {
  const recorded: Conclusion[] = [];
  const log = { record: (conclusion: Conclusion) => recorded.push(conclusion) };
  const clock = createManualClock();
  const keeping = createKeeping({ keeper: createSlowKeeper(), log, metrics: { count: () => {} }, clock });
  const deadline = { endMs: clock.nowMs(), signal: AbortSignal.abort() };
  await keeping.during(deadline, async () => {
    keeping.keep(deliveryOf(), deadline).record({ settlement: { kind: 'delivered' }, attempts: 1, durationMs: 0 });
  });
  expect(recorded).toEqual([{ settlement: { kind: 'delivered' }, attempts: 1, durationMs: 0 }]);
});

test('a message that was received before is kept again, because its first worker may have crashed', async () => {
  const events = createInMemoryKeptEvents(() => 0);
  const worker = createWorker(() => delivered, undefined, events);
  await worker.run([message('a', { receiveCount: 2 })]);
  expect(worker.conclusions).toMatchObject([{ kept: expect.any(String) }]);
});

test('an input that is not a delivery is not kept, and its conclusion is recorded', async () => {
  const events = createInMemoryKeptEvents(() => 0);
  const worker = createWorker(() => delivered, undefined, events);
  await worker.run([raw('a', { body: 'x', attributes: {} })]);
  expect(events.objects.size).toBe(0);
  expect(worker.conclusions).toMatchObject([{ code: 'InvalidJson' }]);
  expect(worker.notKept()).toBe(0);
});
