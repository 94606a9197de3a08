import { expect, test } from 'vitest';
import { namesOf } from '../../../../lib/core/delivery/delivery-names.ts';
import { formatDeadLetter } from '../../../../lib/core/message/dead-letter-message.ts';
import type { FailureCode } from '../../../../lib/core/failure/failure.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { RedriveRequest } from '../../../../lib/core/message/redrive-request.ts';
import { withDeadline } from '../../../../lib/delivery/deadline.ts';
import { createRedrive } from '../../../../lib/delivery/redrive/redrive.ts';
import type { DeadLetterMessages } from '../../../../lib/ports/delivery.ts';
import { createFaults } from '../../../fakes/faults.ts';
import { createInMemoryDeadLetterMessages } from '../../../fakes/in-memory-dead-letter-messages.ts';
import { createInMemoryDeliveryQueue } from '../../../fakes/in-memory-delivery-queue.ts';
import type { ManualClock } from '../../../fakes/manual-clock.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

function setUp({ remainingMs = 3_600_000 } = {}) {
  const clock = createManualClock();
  const startMs = clock.nowMs();
  const faults = createFaults();
  const lying = createInMemoryDeadLetterMessages(clock);
  const queue = createInMemoryDeliveryQueue();
  function redrive(request: Partial<RedriveRequest> = {}, deadLetters: DeadLetterMessages = lying) {
    const run = createRedrive({
      deadLetters: faults.wrap('deadLetters', deadLetters),
      queue: faults.wrap('queue', queue),
      clock,
      apiDestination: undefined,
    });
    return withDeadline(clock, remainingMs, (deadline) => run({ dryRun: false, ...request }, deadline));
  }
  const put = (apiDestination: string, id: string, code: FailureCode = 'EndpointRejected') =>
    lying.put(messageOf(apiDestination, id, code));
  const sentIds = () => queue.sent.map(({ queued }) => namesOf(queued.delivery).eventId);
  const elapsedMs = () => clock.nowMs() - startMs;
  return { clock, elapsedMs, faults, lying, queue, redrive, put, sentIds };
}

function messageOf(apiDestination: string, id: string, code: FailureCode) {
  const text = JSON.stringify({ id, note: 'canary' });
  const progress = { attempts: 3, postponements: 1, firstReceivedAtMs: 5 };
  const delivery = { apiDestination, event: { value: JSON.parse(text), text }, target: {}, ...progress };
  return formatDeadLetter({ body: text, delivery, code, reason: 'no' });
}

/** Moves the clock in steps until the work is done. */
async function passing<Result>(clock: ManualClock, stepMs: number, work: Promise<Result>): Promise<Result> {
  const done = { yes: false };
  const settled = work.finally(() => {
    done.yes = true;
  });
  settled.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  while (!done.yes) await clock.advance(stepMs);
  return settled;
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `e${index + 1}`);

test('a redrive moves every dead letter to the delivery queue, in the message group of its destination', async () => {
  const { clock, lying, queue, redrive, put, sentIds } = setUp();
  for (const id of names(25)) put('orders', id);
  const result = await redrive();
  const before = '2026-01-01T00:00:00.001Z';
  expect(result).toEqual({ moved: 25, matched: 25, kept: 0, unreadable: [], unreadableCount: 0, more: false, before });
  expect(sentIds().toSorted()).toEqual(names(25).toSorted());
  expect(lying.present).toEqual([]);
  expect(queue.sent[0]).toMatchObject({
    group: 'orders',
    queued: { delivery: { attempts: 0, postponements: 0, firstReceivedAtMs: clock.nowMs() } },
  });
  expect(queue.sent[0]?.queued).not.toHaveProperty('notBeforeMs');
});

test('a redrive with a filter makes the other dead letters visible again', async () => {
  const { lying, redrive, put, sentIds } = setUp();
  for (const id of names(30)) put(id.endsWith('1') ? 'orders' : 'others', id);
  expect(await redrive({ apiDestination: 'orders' })).toMatchObject({ moved: 3, matched: 3, kept: 27, more: false });
  expect(sentIds().toSorted()).toEqual(['e1', 'e11', 'e21']);
  expect([lying.present.length, lying.visible.length]).toEqual([27, 27]);
});

test('a dry run of a redrive counts the dead letters without moving them', async () => {
  const { faults, lying, queue, redrive, put } = setUp();
  for (const id of names(12)) put('orders', id);
  put('orders', 'late', 'TimedOut');
  const request = { dryRun: true, errorCode: 'EndpointRejected', ratePerSecond: 1 };
  expect(await redrive(request)).toMatchObject({ moved: 0, matched: 12, kept: 13, more: false });
  expect([queue.sent.length, lying.visible.length]).toEqual([0, 13]);
  expect(faults.calls).not.toContain('queue.send');
});

test('a redrive and its dry run handle no more dead letters than the maximum', async () => {
  const { lying, redrive, put } = setUp();
  for (const id of names(30)) put('orders', id);
  expect(await redrive({ maximum: 13, dryRun: true })).toMatchObject({ moved: 0, matched: 13, more: true });
  expect(await redrive({ maximum: 13 })).toMatchObject({ moved: 13, matched: 13, more: true });
  expect([lying.present.length, lying.visible.length]).toEqual([17, 17]);
});

test('a redrive lists a dead letter that it cannot read, without its content, and makes it visible again', async () => {
  const { lying, redrive, put } = setUp();
  put('orders', 'e1');
  const unreadable = [lying.put({ body: 'canary', attributes: {} }), lying.put({ body: '{"c":1}', attributes: {} })];
  const result = await redrive();
  expect(result).toMatchObject({ moved: 1, kept: 2, unreadableCount: 2, more: false });
  expect(result.unreadable.map(({ messageId }) => messageId)).toEqual(unreadable);
  expect(result.unreadable[0]?.reason).toBe('InvalidJson: The message is not JSON.');
  expect(JSON.stringify(result)).not.toContain('canary');
  expect(lying.visible).toEqual(unreadable);
});

test('a redrive lists at most a hundred unreadable dead letters but counts all of them', async () => {
  const { lying, redrive } = setUp();
  for (let count = 0; count < 150; count += 1) lying.put({ body: '{', attributes: {} });
  const { unreadable, unreadableCount } = await redrive();
  expect([unreadable.length, unreadableCount]).toEqual([100, 150]);
});

test.each(['DeliveryTooLarge', 'MessageRefused'] as const)(
  'a redrive lists a dead letter whose sending fails with %s, and moves the others',
  async (code) => {
    const { lying, queue, redrive, put } = setUp();
    const [first, messageId] = ['e1', 'e2', 'e3'].map((id) => put('orders', id));
    const send = queue.send;
    queue.send = (queued, group) => {
      const isRefused = namesOf(queued.delivery).eventId === 'e2';
      return isRefused ? Promise.reject(new Failure(code, 'Not this one.')) : send(queued, group);
    };
    const unreadable = [{ messageId, reason: `${code}: Not this one.` }];
    expect(await redrive()).toMatchObject({ moved: 2, matched: 3, kept: 1, unreadable, more: false });
    expect([lying.visible, lying.present.includes(first ?? '')]).toEqual([[messageId], false]);
  },
);

test('a redrive lists a dead letter whose destination has too long a name, and moves the others', async () => {
  const { lying, queue, redrive, put } = setUp();
  const arn = `arn:aws:events:us-east-1:123456789012:api-destination/${'x'.repeat(200)}/4b1f`;
  const messageId = put(arn, 'e1');
  put('orders', 'e2');
  const reason = 'InvalidDelivery: apiDestination is neither the name nor the ARN of an API destination.';
  expect(await redrive()).toMatchObject({ moved: 1, kept: 1, unreadable: [{ messageId, reason }], more: false });
  expect([lying.visible, queue.sent.map(({ group }) => group)]).toEqual([[messageId], ['orders']]);
});

test.each(['before', 'after'] as const)(
  'a redrive does not delete a dead letter when sending it fails %s the queue has accepted it',
  async (time) => {
    const { faults, lying, queue, redrive, put } = setUp();
    const messageId = put('orders', 'e1');
    faults.fail('queue.send', time);
    await expect(redrive()).rejects.toThrow('queue.send');
    expect([lying.visible, queue.sent.length]).toEqual([[messageId], time === 'after' ? 1 : 0]);
  },
);

test('a redrive deletes the accepted messages of a batch although another message of the batch failed', async () => {
  const { faults, lying, redrive, put } = setUp();
  const [first = ''] = names(3).map((id) => put('orders', id));
  faults.fail('queue.send', 'before');
  await expect(redrive()).rejects.toThrow('queue.send');
  expect(lying.visible).toEqual([first]);
});

test('a redrive ends when it cannot delete a dead letter, so that it does not move the same one repeatedly', async () => {
  const { lying, queue, redrive, put } = setUp();
  for (const id of names(200)) put('orders', id);
  const remove = async (receiptHandles: readonly string[]) => {
    if (receiptHandles.length > 0) throw new Failure('StoreRefused', 'Not allowed to delete.');
  };
  const message = expect.stringMatching(/^Not allowed to delete\. Moved before that: \d+\.$/);
  await expect(redrive({}, { ...lying, remove })).rejects.toMatchObject({ code: 'StoreRefused', message });
  expect(queue.sent.length).toBeLessThanOrEqual(80);
});

test('one failure ends all parallel work of a redrive', async () => {
  const { faults, lying, queue, redrive, put } = setUp();
  for (const id of names(2000)) put('orders', id);
  faults.fail('deadLetters.remove', 'before');
  await expect(redrive()).rejects.toThrow('deadLetters.remove');
  expect(queue.sent.length).toBeLessThan(500);
  expect(lying.present.length).toBeGreaterThan(1500);
  faults.heal();
  faults.fail('deadLetters.receive', 'before');
  await expect(redrive({ dryRun: true })).rejects.toThrow('deadLetters.receive');
  expect(faults.calls.filter((call) => call === 'deadLetters.receive').length).toBeLessThan(20);
});

test('a redrive does not move a dead letter that is newer than the start of the redrive', async () => {
  const { clock, lying, queue, redrive, put } = setUp();
  const ids = names(30).map((id) => put('orders', id));
  const send = queue.send;
  queue.send = async (queued, group) => {
    await send(queued, group);
    clock.set(clock.nowMs() + 1);
    put('orders', String(namesOf(queued.delivery).eventId));
  };
  expect(await redrive()).toMatchObject({ moved: 30, matched: 30, more: false });
  expect([lying.visible.length, lying.present.some((id) => ids.includes(id))]).toEqual([30, false]);
});

test('a redrive keeps a `before` that is earlier than the start of the redrive', async () => {
  const { clock, redrive, put } = setUp();
  put('orders', 'e1');
  await clock.advance(1000);
  put('orders', 'e2');
  const beforeMs = clock.nowMs();
  expect(await redrive({ beforeMs })).toMatchObject({ moved: 1, kept: 1, before: new Date(beforeMs).toISOString() });
});

test('a redrive fails when the dead-letter queue cannot be read', async () => {
  const { faults, redrive } = setUp();
  faults.fail('deadLetters.receive', 'before');
  await expect(redrive()).rejects.toThrow('deadLetters.receive');
});

test('a redrive succeeds even if it cannot make a dead letter visible again', async () => {
  const { clock, faults, lying, redrive, put } = setUp({ remainingMs: 60_000 });
  const [, other] = [put('orders', 'e1'), put('others', 'e2')];
  faults.fail('deadLetters.release', 'before', 'always');
  expect(await redrive({ apiDestination: 'orders' })).toMatchObject({ moved: 1, kept: 1 });
  expect(lying.visible).toEqual([]);
  await clock.advance(90_000);
  expect(lying.visible).toEqual([other]);
});

test.each([9, 12, 16, 20])(
  'a dead letter that is received again in receive call %d is counted only once',
  async (turn) => {
    const { lying, queue, redrive, put } = setUp();
    const [moved, kept] = [put('orders', 'e1'), put('others', 'e2')];
    for (const id of names(200)) put('third', id);
    let turns = 0;
    const receive = (hiddenForMs: number) => {
      turns += 1;
      if (turns === turn) for (const messageId of [moved, kept]) lying.repeat(messageId);
      return lying.receive(hiddenForMs);
    };
    const result = await redrive({ apiDestination: 'orders' }, { ...lying, receive });
    expect(result).toMatchObject({ moved: 1, matched: 1, kept: 201, more: false });
    expect(queue.sent.length).toBe(1);
    expect([lying.present.includes(moved), lying.visible.length]).toEqual([false, 201]);
  },
);

test.each([
  [0.5, 4, 10],
  [2, 6, 10],
  [50, 60, 10],
  [1000, 120, 1],
])(
  'a redrive at %d a second sends at most its rate plus one batch in any second',
  async (ratePerSecond, count, stepMs) => {
    const { clock, elapsedMs, queue, redrive, put } = setUp();
    for (const id of names(count)) put('orders', id);
    const sentAtMs: number[] = [];
    const send = queue.send;
    queue.send = (...args) => {
      sentAtMs.push(clock.nowMs());
      return send(...args);
    };
    const result = await passing(clock, stepMs, redrive({ ratePerSecond }));
    expect(result).toMatchObject({ moved: count, more: false });
    expect(elapsedMs()).toBe((count / ratePerSecond) * 1000);
    const batch = Math.min(10, Math.max(1, Math.floor(ratePerSecond / 10)));
    const busiest = sentAtMs.map((at) => sentAtMs.filter((other) => other >= at && other < at + 1000).length);
    expect(Math.max(...busiest)).toBeLessThanOrEqual(Math.ceil(ratePerSecond) + batch);
  },
);

test('a redrive that runs out of time makes its unhandled dead letters visible again and reports that there are more', async () => {
  const { clock, elapsedMs, lying, redrive, put } = setUp({ remainingMs: 60_000 });
  for (const id of names(200)) put('orders', id);
  const result = await passing(clock, 100, redrive({ ratePerSecond: 1 }));
  expect([result.more, result.moved, elapsedMs()]).toEqual([true, 55, 55_000]);
  expect([lying.visible.length, result.kept]).toEqual([145, 25]);
});

test('a redrive with too little time to settle messages reads none', async () => {
  const { faults, redrive, put } = setUp({ remainingMs: 4000 });
  put('orders', 'e1');
  expect(await redrive()).toMatchObject({ moved: 0, kept: 0, more: true });
  expect(faults.calls).toEqual([]);
});

test('a redrive reads no more dead letters than it can make visible again in time', async () => {
  const { clock, redrive, lying } = setUp();
  const message = messageOf('others', 'e1', 'TimedOut');
  let received = 0;
  const receive = async () =>
    Array.from({ length: 10 }, () => {
      received += 1;
      const id = String(received);
      return { messageId: id, receiptHandle: id, message, receiveCount: 1, sentAtMs: clock.nowMs() };
    });
  const result = await redrive({ apiDestination: 'orders' }, { ...lying, receive });
  expect(result).toMatchObject({ moved: 0, more: true });
  expect(result.kept).toBeGreaterThanOrEqual(100_000);
  expect(result.kept).toBeLessThan(100_100);
});
