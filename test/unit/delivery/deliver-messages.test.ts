import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namesOf } from '../../../lib/core/delivery/delivery-names.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { AttemptResult } from '../../../lib/delivery/attempt.ts';
import { createInMemoryReceivedMessages } from '../../fakes/in-memory-received-messages.ts';
import { createWorker, handles, message, raw } from './worker.ts';
import { delivered, failedForNow, putOff, rejected } from './outcomes.ts';

describe('a batch', () => {
  test('a batch without messages returns nothing', async () => {
    const { run, received } = createWorker();
    expect(await run([])).toEqual([]);
    expect(received.removed).toEqual([]);
  });

  test('a batch whose messages are all settled returns no message to the queue', async () => {
    const { run, attempted } = createWorker((id) => (id === 'a' ? delivered : rejected));
    expect(await run([message('a'), message('b')])).toEqual([]);
    expect(attempted).toEqual(['a', 'b']);
  });

  test('a settled message of a batch is deleted while other messages are still being processed', async () => {
    const slow = Promise.withResolvers<AttemptResult>();
    const { run, settled, attempted, received } = createWorker((id) => (id === 'slow' ? slow.promise : delivered));
    const running = run([message('slow'), message('a'), message('b')]);
    await settled();
    expect(attempted).toEqual(['slow', 'a', 'b']);
    expect(received.removed).toEqual(handles('a', 'b'));
    slow.resolve(delivered);
    expect(await running).toEqual([]);
  });

  test('the last message of a batch is not deleted by the worker, because the end of the invocation deletes it', async () => {
    const { run, received } = createWorker();
    await run([message('alone')]);
    expect(received.removed).toEqual([]);
  });

  test('when all messages of a batch settle at the same moment, the end of the invocation deletes them', async () => {
    const { run, received } = createWorker();
    expect(await run([message('a'), message('b'), message('c')])).toEqual([]);
    expect(received.removed).toEqual([]);
  });

  test('a settled message that waits for others is not deleted by the worker when the batch ends with a message that is returned', async () => {
    const received = createInMemoryReceivedMessages(true);
    const attempting = (id: string) => {
      if (id === 'bad') throw new TypeError('a bug');
      return delivered;
    };
    const { run } = createWorker(attempting, undefined, undefined, received);
    expect(await run([message('a'), message('bad')])).toEqual(['bad']);
    expect(received.removed).toEqual([]);
  });

  test('a batch does not end while the deletion of one of its messages is under way', async () => {
    const removal = Promise.withResolvers<void>();
    const received = { ...createInMemoryReceivedMessages(), removeNow: () => removal.promise };
    const { run, settled } = createWorker(undefined, undefined, undefined, received);
    let hasEnded = false;
    const running = run([message('a'), message('b')]).finally(() => {
      hasEnded = true;
    });
    await settled();
    expect(hasEnded).toBe(false);
    removal.resolve();
    expect(await running).toEqual([]);
  });

  test('a message is not deleted before it is settled', async () => {
    const writing = Promise.withResolvers<AttemptResult>();
    const { run, settled, received } = createWorker((id) => (id === 'a' ? writing.promise : failedForNow()));
    const running = run([message('a'), message('b', { target: { RetryPolicy: { MaximumRetryAttempts: 0 } } })]);
    await settled();
    expect(received.removed).toEqual(handles('b'));
    writing.resolve(delivered);
    await running;
  });

  test('a batch is settled even if its messages cannot be deleted', async () => {
    const { run, received } = createWorker();
    received.failWith(new Failure('StoreUnavailable', 'injected'));
    expect(await run([message('a'), message('b'), message('c')])).toEqual([]);
  });

  test('a batch returns exactly the messages that no queue and no endpoint has accepted', async () => {
    type Fate = 'delivered' | 'rejected' | 'expired' | 'early' | 'later' | 'bug' | 'no delivery' | 'newer';
    const fates = fc.array(
      fc.record({
        fate: fc.constantFrom<Fate>(
          'delivered',
          'rejected',
          'expired',
          'early',
          'later',
          'bug',
          'no delivery',
          'newer',
        ),
        receiveCount: fc.integer({ min: 1, max: 8 }),
      }),
      { maxLength: 10 },
    );
    const broken = fc.record({ queue: fc.boolean(), deadLetters: fc.boolean(), deletions: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fates, broken, async (messages, breaks) => {
        const { run, clock, queue, deadLetters, received } = createWorker((id) => {
          if (id.endsWith('bug')) throw new TypeError('a bug');
          if (id.endsWith('rejected')) return rejected;
          return id.endsWith('later') ? failedForNow(30_000) : delivered;
        });
        const refusal = new Failure('StoreUnavailable', 'injected');
        if (breaks.queue) queue.failWith(refusal);
        if (breaks.deadLetters) deadLetters.failWith(refusal);
        if (breaks.deletions) received.failWith(refusal);
        const batch = messages.map(({ fate, receiveCount }, index) => {
          const id = `${index}-${fate}`;
          if (fate === 'no delivery') return raw(id, { body: '"text"', attributes: {} }, receiveCount);
          if (fate === 'newer') return raw(id, { body: '{}', attributes: { LASTMILE: '{"v":2}' } }, receiveCount);
          if (fate === 'expired') return message(id, { receiveCount, firstReceivedAtMs: 1 });
          return message(id, { receiveCount, notBeforeMs: fate === 'early' ? clock.nowMs() + 5000 : 0 });
        });
        const returnedFates = new Set<Fate>([
          'bug',
          'newer',
          ...(breaks.queue ? (['early', 'later'] as const) : []),
          ...(breaks.deadLetters ? (['rejected', 'expired', 'no delivery'] as const) : []),
        ]);
        const expected = batch.filter((_, index) => returnedFates.has(messages[index]?.fate ?? 'bug'));
        const returned = await run(batch);
        expect(returned.toSorted()).toEqual(expected.map(({ messageId }) => messageId).toSorted());
        const kept = expected.map(({ receiptHandle }) => receiptHandle);
        expect(received.removed.filter((handle) => kept.includes(handle))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a message that is no delivery', () => {
  const compressed = (text: string) => gzipSync(text).toString('base64');

  test.each([
    ['is not JSON', { body: 'no JSON', attributes: {} }, 'no JSON', 'InvalidJson'],
    ['is JSON but no envelope', { body: '{"id": 1.0}', attributes: {} }, '{"id": 1.0}', 'InvalidDelivery'],
    [
      'is compressed and not JSON',
      { body: compressed('no JSON'), attributes: { LASTMILE_BODY: 'gzip' } },
      'no JSON',
      'InvalidJson',
    ],
    [
      'is marked as compressed and is not',
      { body: 'AAAA', attributes: { LASTMILE_BODY: 'gzip' } },
      'AAAA',
      'InvalidDelivery',
    ],
    [
      'is compressed and empty',
      { body: compressed(''), attributes: { LASTMILE_BODY: 'gzip' } },
      compressed(''),
      'InvalidJson',
    ],
    [
      'has a wrong LASTMILE attribute',
      { body: '{"id": 1.0}', attributes: { LASTMILE: '7' } },
      '{"id": 1.0}',
      'InvalidDelivery',
    ],
  ])('a message that %s goes to the dead letters unchanged, with the reason', async (_what, content, body, code) => {
    const { run, attempted, deadLetters } = createWorker();
    expect(await run([raw('x', content)])).toEqual([]);
    expect(deadLetters.letters).toEqual([{ body, code, reason: expect.any(String) }]);
    expect(attempted).toEqual([]);
  });

  test('a message with an unreadable delivery keeps its destination in the dead letters', async () => {
    const { run, deadLetters } = createWorker();
    const rule = 'arn:aws:events:us-east-1:123456789012:rule/orders';
    const details = { v: 1, apiDestination: 'orders', rule, target: { Id: 'no Id', Input: '{}' }, attempts: 3 };
    const content = { body: '{"id":1.0}', attributes: { LASTMILE: JSON.stringify(details) } };
    expect(await run([raw('x', content)])).toEqual([]);
    const unread = { apiDestination: 'orders', rule, target: details.target };
    const reason = 'target.Id has characters that are not allowed there.';
    expect(deadLetters.letters).toEqual([{ body: '{"id":1.0}', code: 'InvalidDelivery', reason, unread }]);
  });

  test('a message that holds no delivery does not affect the other messages of its batch', async () => {
    const { run, attempted } = createWorker();
    expect(await run([raw('x', { body: '[', attributes: {} }), message('a')])).toEqual([]);
    expect(attempted).toEqual(['a']);
  });
});

test('the age of an envelope from a rule counts from the time when it was sent, not received', async () => {
  const { run, clock, deadLetters, attempted } = createWorker();
  const target = { RetryPolicy: { MaximumEventAgeInSeconds: 60 } };
  const body = JSON.stringify({ apiDestination: 'orders', event: { id: 'a' }, target });
  const sent = (agoMs: number) => ({ ...raw('a', { body, attributes: {} }), sentAtMs: clock.nowMs() - agoMs });
  await run([sent(60_000)]);
  expect(attempted).toEqual(['a']);
  await run([sent(60_001)]);
  expect(attempted).toEqual(['a']);
  expect(deadLetters.letters).toMatchObject([{ code: 'EventExpired', condition: 'MaximumEventAgeInSeconds' }]);
});

describe('a message that comes early', () => {
  test.each([1, 1000, 900_000, 900_001, 80_000_000])(
    'a message that is received %d ms before its time is deferred again without an attempt',
    async (earlyMs) => {
      const { run, clock, attempted, queue } = createWorker();
      const notBeforeMs = clock.nowMs() + earlyMs;
      const past = { attempts: 5, postponements: 1, attemptTimes: { firstMs: 1, lastMs: 2 }, firstReceivedAtMs: 7 };
      expect(await run([message('a', { ...past, notBeforeMs })])).toEqual([]);
      expect(attempted).toEqual([]);
      expect(queue.sent).toMatchObject([{ group: 'orders', queued: { notBeforeMs, delivery: past } }]);
    },
  );

  test('a message that is received too early and cannot be deferred is received again', async () => {
    const { run, clock, queue } = createWorker();
    queue.failWith(new Failure('StoreUnavailable', 'injected'));
    expect(await run([message('a', { notBeforeMs: clock.nowMs() + 5000 })])).toEqual(['a']);
  });

  test('a message that is received too early does not stop the attempts of the other messages', async () => {
    const { run, clock, attempted, queue } = createWorker((id) => (id === 'put-off' ? putOff : delivered));
    const early = message('early', { notBeforeMs: clock.nowMs() + 5000 });
    expect(await run([early, message('put-off'), message('a')])).toEqual([]);
    expect(attempted).toEqual(['put-off', 'a']);
    expect(queue.sent.map(({ queued }) => namesOf(queued.delivery).eventId)).toEqual(['early', 'put-off']);
  });
});
