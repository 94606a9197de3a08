import { batchSize } from '../../../../lib/core/message/sqs-event.ts';
import { expect, test } from 'vitest';
import type { InvocationOutcome } from '../../../../lib/local/lambda/function-runner.ts';
import type { IsWithheld } from '../../../../lib/local/sqs/fair-messages.ts';
import { failedMessageIds, QueuePoller, type QueuePollerOptions } from '../../../../lib/local/sqs/poller.ts';
import type { SqsRecord } from '../../../../lib/local/sqs/receive.ts';
import { sqsRecord } from '../../../../lib/local/sqs/receive.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

/** Messages whose group is the part of their id before the full stop. */
const record = (id: string): SqsRecord => {
  const Attributes = id.includes('.') ? { MessageGroupId: id.split('.')[0] } : {};
  const message = { MessageId: id, ReceiptHandle: `receipt-${id}`, Attributes };
  return sqsRecord(message, { account: '1', region: 'r', queueName: 'q' });
};

/** A queue of batches, and a function whose invocations end when the test decides. */
function newPoller(batches: (readonly string[] | Error)[], options: Partial<QueuePollerOptions> = {}) {
  const clock = createManualClock();
  const invocations: { readonly ids: readonly string[]; end: (outcome: InvocationOutcome) => void }[] = [];
  const removed: string[] = [];
  const said: string[] = [];
  const asked: number[] = [];
  const deleted = new Set<string>();
  let looks = 0;
  let isWithheldNow: IsWithheld = () => false;
  let wake: () => void = () => undefined;
  const poller = new QueuePoller({
    queue: {
      async receive(maxMessages, isWithheld) {
        asked.push(maxMessages);
        isWithheldNow = isWithheld;
        const batch = batches.shift();
        if (batch instanceof Error) throw batch;
        if (batch !== undefined) return batch.slice(0, maxMessages).map(record);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        return [];
      },
      remove: async (receipts) => void removed.push(...receipts),
      isInFlight: (receipt) => !deleted.has(receipt),
      isMostlyPutBack: (group) => group.startsWith('paused'),
      lookAgain: () => void (looks += 1),
      endWaits: () => wake(),
    },
    invoke: ({ Records }) =>
      new Promise((resolve) => invocations.push({ ids: Records.map(({ messageId }) => messageId), end: resolve })),
    clock,
    reportFailure: (outcome) => said.push(`failed ${outcome.requestId}`),
    reportFault: (error) => said.push(`fault ${String(error)}`),
    ...options,
  });
  poller.start();
  const withholds = (group: string) => isWithheldNow(group);
  const receives = () => asked.length;
  return { poller, clock, invocations, removed, said, receives, asked, deleted, withholds, looks: () => looks };
}

const succeeded = (response: unknown = null): InvocationOutcome => ({
  requestId: 'q-1',
  payload: JSON.stringify(response),
});
const failed: InvocationOutcome = {
  requestId: 'q-1',
  payload: '{"errorType":"Error"}',
  error: { type: 'Error', message: 'no', thrown: new Error('no') },
};
const settled = () => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<void>(() => undefined);

test('the local poller asks for as many messages as Lambda passes to one invocation', async () => {
  const { asked } = newPoller([['a']]);
  await settled();
  expect(new Set(asked)).toEqual(new Set([batchSize]));
});

test('the local poller invokes the function with a batch while the previous batch still runs', async () => {
  const { invocations } = newPoller([['a', 'b'], ['c']]);
  await settled();
  expect(invocations.map(({ ids }) => ids)).toEqual([['a', 'b'], ['c']]);
});

test('the local poller runs at most as many invocations at once as the maximum concurrency', async () => {
  const { invocations, receives } = newPoller([['a'], ['b'], ['c']], { maximumConcurrency: 2 });
  await settled();
  expect({ running: invocations.length, receives: receives() }).toEqual({ running: 2, receives: 2 });
  invocations[1]?.end(succeeded());
  await settled();
  expect(invocations.map(({ ids }) => ids)).toEqual([['a'], ['b'], ['c']]);
});

test('the local poller deletes the messages of a batch except those in the batch response', async () => {
  const { invocations, removed } = newPoller([['a', 'b', 'c']]);
  await settled();
  invocations[0]?.end(succeeded({ batchItemFailures: [{ itemIdentifier: 'b' }] }));
  await settled();
  expect(removed).toEqual(['receipt-a', 'receipt-c']);
});

test.each([
  ['throws', failed],
  ['returns an invalid partial batch response', succeeded({ batchItemFailures: [{ itemIdentifier: 'unknown' }] })],
])('the local poller deletes no message of a batch when the function %s', async (_, outcome) => {
  const { invocations, removed } = newPoller([['a', 'b']]);
  await settled();
  invocations[0]?.end(outcome);
  await settled();
  expect(removed).toEqual([]);
});

test('the local poller reports a failed batch and continues with the next one', async () => {
  const { invocations, said } = newPoller([['a'], ['b']], { maximumConcurrency: 1 });
  await settled();
  invocations[0]?.end(failed);
  await settled();
  expect(said).toEqual(['failed q-1']);
  expect(invocations).toHaveLength(2);
});

test('after a failed read of a queue, the local poller tries again one second later', async () => {
  const { clock, invocations, receives, said } = newPoller([new Error('gone'), ['a']]);
  await settled();
  await clock.advance(999);
  expect(receives()).toBe(1);
  expect(said).toEqual(['fault Error: gone']);
  await clock.advance(1);
  expect(invocations.map(({ ids }) => ids)).toEqual([['a']]);
});

test('the local poller reads an empty queue once and then waits for messages', async () => {
  const { receives } = newPoller([]);
  await settled();
  await settled();
  expect(receives()).toBe(1);
});

test('stopping the local poller lets running invocations end', async () => {
  const { poller, invocations, removed, receives } = newPoller([['a']]);
  await settled();
  let stopped = false;
  const stopping = poller.stop(never).then(() => {
    stopped = true;
  });
  await settled();
  expect(stopped).toBe(false);
  invocations[0]?.end(succeeded());
  await stopping;
  expect(removed).toEqual(['receipt-a']);
  expect(receives()).toBe(2);
});

test('stopping the local poller takes no longer than the grace period', async () => {
  const { poller, removed } = newPoller([['a']]);
  await settled();
  await poller.stop(Promise.resolve());
  expect(removed).toEqual([]);
});

test('the local poller asks the queue for as many messages as the deployed event source', async () => {
  const ids = Array.from({ length: 2 * batchSize }, (_, index) => `m${index}`);
  const { invocations } = newPoller([ids]);
  await settled();
  expect(invocations[0]?.ids).toHaveLength(batchSize);
});

const batchesOf = (group: string, count: number) => Array.from({ length: count }, (_, index) => [`${group}.${index}`]);

test.each([
  ['the default maximum concurrency', 3, undefined],
  ['a maximum concurrency of 6', 2, 6],
  ['a maximum concurrency of 1', 1, 1],
])(
  'with %s, a message group is withheld when %d invocation(s) process messages of it',
  async (_limit, share, maximumConcurrency) => {
    const options = maximumConcurrency === undefined ? {} : { maximumConcurrency };
    const before = newPoller(batchesOf('a', share - 1), options);
    await settled();
    expect(before.withholds('a')).toBe(false);
    const after = newPoller(batchesOf('a', share), options);
    await settled();
    expect([after.withholds('a'), after.withholds('b')]).toEqual([true, false]);
  },
);

test('an invocation counts once for each message group in it', async () => {
  const { withholds } = newPoller([['a.1', 'a.2', 'b.1'], ['a.3']], { maximumConcurrency: 6 });
  await settled();
  expect([withholds('a'), withholds('b')]).toEqual([true, false]);
});

test('a message group is no longer withheld once its messages are deleted', async () => {
  const { deleted, withholds } = newPoller(
    [
      ['a.1', 'b.1'],
      ['a.2', 'b.2'],
    ],
    { maximumConcurrency: 6 },
  );
  await settled();
  expect([withholds('a'), withholds('b')]).toEqual([true, true]);
  deleted.add('receipt-b.1');
  expect([withholds('a'), withholds('b')]).toEqual([true, false]);
});

test('a message group is no longer withheld when an invocation has ended', async () => {
  const { invocations, withholds, looks } = newPoller(batchesOf('a', 2), { maximumConcurrency: 6 });
  await settled();
  expect([withholds('a'), looks()]).toEqual([true, 0]);
  invocations[0]?.end(failed);
  await settled();
  expect([withholds('a'), looks()]).toEqual([false, 1]);
});

test('a message group that is mostly put back is withheld until the process has time to spare', async () => {
  const spareTime = { isEnough: false, noteBeginning: () => undefined };
  const { withholds, looks, clock } = newPoller([], { spareTime });
  await settled();
  expect([withholds('paused'), withholds('a')]).toEqual([true, false]);
  await clock.advance(5);
  expect(looks()).toBe(1);
  spareTime.isEnough = true;
  expect(withholds('paused')).toBe(false);
});

test('the local poller looks for spare time with one timer, and with none while no group waits for it', async () => {
  const { withholds, looks, clock } = newPoller([], { spareTime: { isEnough: false, noteBeginning: () => undefined } });
  await settled();
  expect([withholds('a'), withholds('paused'), withholds('paused too')]).toEqual([false, true, true]);
  await clock.advance(100);
  expect(looks()).toBe(1);
});

test('only a batch with a message that is mostly put back begins to count the spare time anew', async () => {
  let beginnings = 0;
  const spareTime = { isEnough: true, noteBeginning: () => void (beginnings += 1) };
  newPoller([['a.1', 'b'], ['a.2', 'paused.1'], ['a.3']], { spareTime });
  await settled();
  expect(beginnings).toBe(1);
});

const ids = ['a', 'b', 'c'];
const failedIn = (response: unknown): string[] => [...failedMessageIds(JSON.stringify(response), ids)];

test.each([[null], [{}], [{ batchItemFailures: null }], [{ batchItemFailures: [] }]])(
  'the batch response %j means that every message has succeeded',
  (response) => {
    expect(failedIn(response)).toEqual([]);
  },
);

test('exactly the messages that a batch response names have failed', () => {
  expect(failedIn({ batchItemFailures: [{ itemIdentifier: 'c' }, { itemIdentifier: 'a' }] })).toEqual(['c', 'a']);
});

test.each([
  ['a text instead of an object', 'done'],
  ['a list instead of an object', []],
  ['failures that are not a list', { batchItemFailures: 'a' }],
  ['a failure that is not an object', { batchItemFailures: ['a'] }],
  ['a key other than itemIdentifier', { batchItemFailures: [{ messageId: 'a' }] }],
  ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }],
  ['no identifier', { batchItemFailures: [{ itemIdentifier: null }] }],
  ['a message that was not in the batch', { batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'z' }] }],
])('a batch response with %s fails the whole batch', (_, response) => {
  expect(failedIn(response)).toEqual(ids);
});
