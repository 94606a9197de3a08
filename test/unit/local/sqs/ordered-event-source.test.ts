import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../../lib/adapters/system-clock.ts';
import type { InvocationOutcome } from '../../../../lib/local/lambda/function-runner.ts';
import { DeliveryEventSource } from '../../../../lib/local/sqs/event-source.ts';
import type { SqsRecord } from '../../../../lib/local/sqs/receive.ts';
import { createSqsService, type RegionQueues } from '../../../../lib/local/sqs/sqs.ts';

const queues = { deliveries: 'deliveries', orderedDeliveries: 'ordered.fifo', deadLetters: 'dead-letters' };

interface Invocation {
  readonly records: readonly SqsRecord[];
  /** Ends the invocation. The records with these bodies have failed. */
  end(...failed: readonly string[]): void;
}

/** A queue and an event source that reads it. Each invocation ends when the test says so. */
async function start() {
  const started: Invocation[] = [];
  let wake: () => void = () => undefined;
  const run = (functionName: string, _region: string, event: unknown): Promise<InvocationOutcome> => {
    expect(functionName).toBe('deliver-queued');
    const { Records: records } = event as { readonly Records: readonly SqsRecord[] };
    return new Promise((resolve) => {
      const end = (...failed: readonly string[]): void => {
        const failures = records.filter(({ body }) => failed.includes(body));
        const batchItemFailures = failures.map(({ messageId }) => ({ itemIdentifier: messageId }));
        resolve({ requestId: 'r', payload: JSON.stringify({ batchItemFailures }) });
      };
      started.push({ records, end });
      wake();
    });
  };
  const faults: unknown[] = [];
  const source = new DeliveryEventSource({
    account: '123456789012',
    queues,
    runner: { has: () => true, run },
    clock: systemClock,
    reportFailure: (...failure) => faults.push(failure),
    reportFault: (...fault) => faults.push(fault),
  });
  const opened = (region: string, own: RegionQueues): void => source.start(region, own);
  const options = { account: '123456789012', dataFolder: undefined, host: () => 'localhost:1', opened };
  const sqs = createSqsService({ ...options, queues: { ...queues, functionTimeoutSeconds: 60 } });
  const own = await sqs.inRegion('eu-west-1');
  onTestFinished(async () => {
    expect(faults).toEqual([]);
    for (const { end } of started) end();
    await source.stop(Promise.resolve());
    await sqs.close();
  });
  const QueueUrl = own.urlOf(queues.orderedDeliveries);
  return {
    sqs,
    started,
    /** Sends messages such as `a1`, whose group is the letter. */
    async send(...bodies: readonly string[]) {
      const Entries = bodies.map((body) => ({ Id: body, MessageBody: body, MessageGroupId: body.slice(0, 1) }));
      await own.perform('SendMessageBatch', { QueueUrl, Entries });
    },
    async hide(record: SqsRecord, seconds: number) {
      const Entries = [{ Id: '1', ReceiptHandle: record.receiptHandle, VisibilityTimeout: seconds }];
      await own.perform('ChangeMessageVisibilityBatch', { QueueUrl, Entries });
    },
    /** The invocation with that number, counted from 0, as soon as it has begun. */
    async invocation(number: number): Promise<Invocation> {
      for (;;) {
        const found = started[number];
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const bodies = ({ records }: Invocation) => records.map(({ body }) => body);

/** Lets the event source begin every invocation that it can begin now. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('a message of the FIFO queue reaches deliver-queued in the form that Lambda uses', async () => {
  const { send, invocation } = await start();
  await send('a1');
  const { records } = await invocation(0);
  expect(records).toMatchObject([
    {
      body: 'a1',
      attributes: {
        ApproximateReceiveCount: '1',
        MessageGroupId: 'a',
        MessageDeduplicationId: expect.stringMatching(/^[0-9a-f]{64}$/),
        SequenceNumber: expect.stringMatching(/^\d{20}$/),
      },
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:ordered.fifo',
      awsRegion: 'eu-west-1',
    },
  ]);
});

test('groups of the FIFO queue are delivered side by side, and each group by one invocation at a time', async () => {
  const { send, started, invocation } = await start();
  await send('a1', 'a2');
  await invocation(0);
  await send('a3', 'b1', 'a4');
  await invocation(1);
  await settled();
  expect(started.map(bodies)).toEqual([['a1', 'a2'], ['b1']]);
  started[0]?.end();
  expect(bodies(await invocation(2))).toEqual(['a3', 'a4']);
});

test('a failed message of the FIFO queue comes again before the later ones of its group, when the function no longer hides it', async () => {
  const { send, hide, started, invocation } = await start();
  await send('a1', 'a2', 'a3');
  const first = await invocation(0);
  expect(bodies(first)).toEqual(['a1', 'a2', 'a3']);
  const [, second, third] = first.records;
  for (const record of [third, second]) if (record !== undefined) await hide(record, 1);
  first.end('a2', 'a3');
  await send('b1');
  expect(bodies(await invocation(1))).toEqual(['b1']);
  await settled();
  expect(started).toHaveLength(2);
  const again = await invocation(2);
  expect(bodies(again)).toEqual(['a2', 'a3']);
  expect(again.records[0]?.attributes['ApproximateReceiveCount']).toBe('2');
});

test('the messages of the FIFO queue count as waiting until they are delivered', async () => {
  const { sqs, send, invocation } = await start();
  await send('a1', 'a2');
  const first = await invocation(0);
  await send('a3');
  expect(await sqs.messagesIn(queues.orderedDeliveries)).toBe(3);
  expect(sqs.urgentIn(queues.orderedDeliveries)).toBe(0);
  first.end();
  const second = await invocation(1);
  expect(await sqs.messagesIn(queues.orderedDeliveries)).toBe(1);
  second.end();
  await settled();
  expect(await sqs.messagesIn(queues.orderedDeliveries)).toBe(0);
});
