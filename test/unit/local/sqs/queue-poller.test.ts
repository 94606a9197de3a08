import { batchSize } from '../../../../lib/core/message/sqs-event.ts';
import { expect, test } from 'vitest';
import type { InvocationOutcome } from '../../../../lib/local/lambda/function-runner.ts';
import { QueuePoller, type QueuePollerOptions } from '../../../../lib/local/sqs/poller.ts';
import type { SqsRecord } from '../../../../lib/local/sqs/receive.ts';
import { sqsRecord } from '../../../../lib/local/sqs/receive.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const record = (id: string): SqsRecord =>
  sqsRecord({ MessageId: id, ReceiptHandle: `receipt-${id}` }, { account: '1', region: 'r', queueName: 'q' });

/** A queue of batches, and a function whose invocations end when the test decides. */
function newPoller(batches: (readonly string[] | Error)[], options: Partial<QueuePollerOptions> = {}) {
  const clock = createManualClock();
  const invocations: { readonly ids: readonly string[]; end: (outcome: InvocationOutcome) => void }[] = [];
  const removed: string[] = [];
  const said: string[] = [];
  const asked: number[] = [];
  let wake: () => void = () => undefined;
  const poller = new QueuePoller({
    queue: {
      async receive(maxMessages) {
        asked.push(maxMessages);
        const batch = batches.shift();
        if (batch instanceof Error) throw batch;
        if (batch !== undefined) return batch.slice(0, maxMessages).map(record);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        return [];
      },
      remove: async (receipts) => void removed.push(...receipts),
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
  return { poller, clock, invocations, removed, said, receives: () => asked.length, asked };
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

test('the poller asks for as many messages as Lambda hands to one invocation', async () => {
  const { asked } = newPoller([['a']]);
  await settled();
  expect(new Set(asked)).toEqual(new Set([batchSize]));
});

test('each batch gets its own invocation, without waiting for the previous batch', async () => {
  const { invocations } = newPoller([['a', 'b'], ['c']]);
  await settled();
  expect(invocations.map(({ ids }) => ids)).toEqual([['a', 'b'], ['c']]);
});

test('the poller runs no more invocations than the maximum concurrency, and starts another when one ends', async () => {
  const { invocations, receives } = newPoller([['a'], ['b'], ['c']], { maximumConcurrency: 2 });
  await settled();
  expect({ running: invocations.length, receives: receives() }).toEqual({ running: 2, receives: 2 });
  invocations[1]?.end(succeeded());
  await settled();
  expect(invocations.map(({ ids }) => ids)).toEqual([['a'], ['b'], ['c']]);
});

test('processed messages are deleted, and those that a partial batch response names are not', async () => {
  const { invocations, removed } = newPoller([['a', 'b', 'c']]);
  await settled();
  invocations[0]?.end(succeeded({ batchItemFailures: [{ itemIdentifier: 'b' }] }));
  await settled();
  expect(removed).toEqual(['receipt-a', 'receipt-c']);
});

test.each([
  ['throws', failed],
  ['returns an invalid partial batch response', succeeded({ batchItemFailures: [{ itemIdentifier: 'unknown' }] })],
])('no message of a batch is deleted when the function %s', async (_, outcome) => {
  const { invocations, removed } = newPoller([['a', 'b']]);
  await settled();
  invocations[0]?.end(outcome);
  await settled();
  expect(removed).toEqual([]);
});

test('a failed batch is reported, and the poller continues with the next one', async () => {
  const { invocations, said } = newPoller([['a'], ['b']], { maximumConcurrency: 1 });
  await settled();
  invocations[0]?.end(failed);
  await settled();
  expect(said).toEqual(['failed q-1']);
  expect(invocations).toHaveLength(2);
});

test('a queue that cannot be read is reported and read again after a second', async () => {
  const { clock, invocations, receives, said } = newPoller([new Error('gone'), ['a']]);
  await settled();
  await clock.advance(999);
  expect(receives()).toBe(1);
  expect(said).toEqual(['fault Error: gone']);
  await clock.advance(1);
  expect(invocations.map(({ ids }) => ids)).toEqual([['a']]);
});

test('an empty queue is read once, and the poller then waits for messages', async () => {
  const { receives } = newPoller([]);
  await settled();
  await settled();
  expect(receives()).toBe(1);
});

test('stopping ends the wait for messages and lets the running invocations end', async () => {
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

test('stopping takes no longer than the grace period', async () => {
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
