import { expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { DeadLetterFilter } from '../../../../lib/core/message/dead-letter-description.ts';
import { createDeadLetters } from '../../../../lib/delivery/redrive/dead-letters.ts';
import { createRedrive } from '../../../../lib/delivery/redrive/redrive.ts';
import { withDeadline } from '../../../../lib/delivery/deadline.ts';
import { deadLetterOf } from '../../core/message/dead-letters.ts';
import { createDeadLetterParts } from './dead-letter-parts.ts';

function setUp() {
  const { clock, faults, lying, queue, dependencies, letters, put } = createDeadLetterParts();
  /** Lists all pages. @returns the pages' event ids */
  async function pagesOf(limit: number, filter: DeadLetterFilter = {}) {
    const pages: (readonly (string | undefined)[])[] = [];
    let after: string | undefined;
    do {
      const page = await letters.list(filter, { limit, ...(after !== undefined && { after }) });
      pages.push(page.deadLetters.map(({ eventId }) => eventId));
      if (pages.length > 100) throw new Error('The list has no end.');
      after = page.next;
    } while (after !== undefined);
    return pages;
  }
  return { clock, faults, lying, queue, letters, put, pagesOf, dependencies };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `e${index + 1}`);

test('the pages of a list of dead letters contain each of them once, the latest first', async () => {
  const { clock, lying, put, pagesOf } = setUp();
  for (const id of names(25)) {
    put(id);
    clock.set(clock.nowMs() + 1000);
  }
  expect(await pagesOf(10)).toEqual([
    names(25).toReversed().slice(0, 10),
    names(25).toReversed().slice(10, 20),
    names(25).toReversed().slice(20),
  ]);
  expect(lying.visible).toHaveLength(25);
});

test('dead letters of one millisecond are listed once each, on whichever page', async () => {
  const { put, pagesOf } = setUp();
  for (const id of names(12)) put(id);
  const pages = await pagesOf(5);
  expect(pages.map(({ length }) => length)).toEqual([5, 5, 2]);
  expect(pages.flat().toSorted()).toEqual(names(12).toSorted());
});

test('a dead letter that comes while the pages are listed moves no other to another page', async () => {
  const { clock, put, letters } = setUp();
  for (const id of ['e1', 'e2']) {
    put(id);
    clock.set(clock.nowMs() + 1000);
  }
  const first = await letters.list({}, { limit: 1 });
  put('e3');
  const second = await letters.list({}, { limit: 1, after: first.next ?? '' });
  expect([...first.deadLetters, ...second.deadLetters].map(({ eventId }) => eventId)).toEqual(['e2', 'e1']);
  expect(second).not.toHaveProperty('next');
});

test('a page after a position that no page has returned is empty', async () => {
  const { put, letters } = setUp();
  put('e1');
  expect(await letters.list({}, { limit: 10, after: 'nonsense' })).toMatchObject({ deadLetters: [], readCount: 1 });
});

test('a list of dead letters counts a message once that the queue returns twice', async () => {
  const { lying, put, letters, faults } = setUp();
  const repeated = put('e1');
  const held = faults.hold('deadLetters.receive');
  const list = letters.list({}, { limit: 10 });
  await held.reached;
  lying.repeat(repeated);
  held.release();
  expect(await list).toMatchObject({ deadLetters: [{ eventId: 'e1' }], readCount: 1, isWhole: true });
});

test('a list of dead letters hides them while it reads, and a process that dies then leaves them hidden for 45 seconds', async () => {
  const { clock, faults, lying, put, letters } = setUp();
  put('e1');
  faults.fail('deadLetters.release', 'before', 'always');
  expect(await letters.list({}, { limit: 10 })).toMatchObject({ readCount: 1 });
  expect(lying.visible).toEqual([]);
  clock.set(clock.nowMs() + 45_000);
  expect(lying.visible).toHaveLength(1);
});

test('a list of dead letters that cannot read on makes the messages that it has read visible again', async () => {
  const { clock, lying, queue, put } = setUp();
  for (const id of names(20)) put(id);
  const gone = new Failure('StoreUnavailable', 'gone');
  const visibleAtFailure: number[] = [];
  const failing = {
    ...lying,
    async receive(hiddenForMs: number) {
      if (lying.visible.length === 20) return lying.receive(hiddenForMs);
      visibleAtFailure.push(lying.visible.length);
      throw gone;
    },
  };
  const letters = createDeadLetters({ deadLetters: failing, queue, clock, apiDestination: undefined });
  await expect(letters.list({}, { limit: 10 })).rejects.toBe(gone);
  expect([visibleAtFailure[0], lying.visible.length]).toEqual([10, 20]);
});

test('a list of dead letters ends after ten seconds, and says that it has not read all of them', async () => {
  const { clock, faults, lying, put, letters } = setUp();
  for (const id of names(200)) put(id);
  const held = faults.hold('deadLetters.receive');
  const list = letters.list({}, { limit: 100 });
  await held.reached;
  await clock.advance(10_000);
  held.release();
  const { isWhole, readCount } = await list;
  expect([isWhole, readCount < 200, lying.visible.length]).toEqual([false, true, 200]);
});

test('a list of dead letters reads about ten thousand messages at most, and says so', async () => {
  const { clock, queue } = setUp();
  const [received, released] = [new Set<string>(), new Set<string>()];
  const message = deadLetterOf('e1');
  const endless = {
    async receive() {
      return Array.from({ length: 10 }, () => {
        const messageId = `message-${received.size}`;
        received.add(messageId);
        return { messageId, receiptHandle: messageId, message, receiveCount: 1, sentAtMs: clock.nowMs() };
      });
    },
    remove: () => expect.unreachable(),
    release: async (handles: readonly string[]) => handles.forEach((handle) => released.add(handle)),
  };
  const letters = createDeadLetters({ deadLetters: endless, queue, clock, apiDestination: undefined });
  const { isWhole, readCount, deadLetters } = await letters.list({}, { limit: 100 });
  expect([isWhole, readCount >= 10_000, readCount <= 10_080, deadLetters.length]).toEqual([false, true, true, 100]);
  expect([received.size, released.size]).toEqual([readCount, readCount]);
});

test('a redrive does not see the dead letters that a list is reading, and leaves them in the queue', async () => {
  const { clock, faults, lying, put, letters, dependencies } = setUp();
  put('e1');
  const held = faults.hold('deadLetters.release');
  const list = letters.list({}, { limit: 10 });
  await held.reached;
  const redrive = createRedrive(dependencies);
  const result = await withDeadline(clock, 60_000, (deadline) => redrive({ dryRun: false }, deadline));
  expect(result).toMatchObject({ moved: 0, kept: 0 });
  held.release();
  await list;
  expect(lying.visible).toHaveLength(1);
});

test('a list of dead letters filters by event, API destination, code and time', async () => {
  const { clock, put, pagesOf } = setUp();
  const startMs = clock.nowMs();
  put('e1', { apiDestination: 'orders', code: 'TimedOut' });
  clock.set(startMs + 5000);
  put('e2', { apiDestination: 'arn:aws:events:us-east-1:123456789012:api-destination/orders/0f0f' });
  put('e3', { apiDestination: 'others' });
  for (const [filter, expected] of [
    [{ eventId: 'e1' }, ['e1']],
    [{ apiDestination: 'orders' }, ['e2', 'e1']],
    [{ errorCode: 'TimedOut' }, ['e1']],
    [{ errorCode: 'ERROR_FROM_TARGET' }, ['e2', 'e3']],
    [{ afterMs: startMs + 1 }, ['e2', 'e3']],
    [{ beforeMs: startMs + 5000 }, ['e1']],
  ] as const)
    expect((await pagesOf(10, filter)).flat()).toEqual(expected);
});
