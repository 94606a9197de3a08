import { describe, expect, test } from 'vitest';
import { createSqsDeliveryQueue } from '../../../lib/adapters/sqs/delivery-queue.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { maxMessageBytes, messageBytes } from '../../../lib/core/message/queue-message.ts';
import type { QueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import { formatQueuedDelivery, parseQueueMessage } from '../../../lib/core/message/queued-delivery.ts';
import type { DeliveryQueue } from '../../../lib/ports/delivery.ts';
import { createInMemoryDeliveryQueue } from '../../fakes/in-memory-delivery-queue.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { messageOf } from '../../servers/aws/sqs-queues.ts';
import {
  accessDenied,
  type BatchEntry,
  deliveryOf,
  incompressibleText,
  unavailable,
  type QueueCallsName,
  queueCallsNames,
  useSqs,
} from './sqs-subjects.ts';

const sqs = useSqs();
const clock = createManualClock();

async function inSqs(by: QueueCallsName) {
  const lies = await sqs.server.newQueue();
  return { queue: createSqsDeliveryQueue(sqs.queueCalls()[by], lies.url, clock), lies };
}

interface Subject {
  readonly queue: DeliveryQueue;
  held(): Promise<readonly QueuedDelivery[]>;
  breakDown(): void;
  recover(): void;
}

const subjects: readonly { subject: string; create: () => Promise<Subject> }[] = [
  ...queueCallsNames.map((by) => ({
    subject: `in SQS, by ${by}`,
    async create() {
      const { queue, lies } = await inSqs(by);
      const options = { apiDestination: undefined, nowMs: 0 };
      return {
        queue,
        held: async () => (await lies.receiveAll()).map((message) => parseQueueMessage(messageOf(message), options)),
        breakDown: () => sqs.server.proxy.faultsBy(() => unavailable),
        recover: () => sqs.server.proxy.faultsBy(() => undefined),
      };
    },
  })),
  {
    subject: 'in memory',
    async create() {
      const queue = createInMemoryDeliveryQueue();
      return {
        queue,
        held: async () => queue.sent.map(({ queued }) => queued),
        breakDown: () => queue.failWith(new Failure('StoreUnavailable', 'injected')),
        recover: () => queue.recover(),
      };
    },
  },
];

describe.each(subjects)('the delivery queue $subject', ({ create }) => {
  test('the delivery queue holds an accepted delivery unchanged', async () => {
    const { queue, held } = await create();
    const queued = { delivery: deliveryOf({ rule: 'r', target: { Id: 't' }, postponements: 2 }), notBeforeMs: 7 };
    await queue.send(queued, 'orders');
    expect(await held()).toEqual([queued]);
  });

  test('25 deliveries that are sent at the same time are all in the delivery queue', async () => {
    const { queue, held } = await create();
    const sent = Array.from({ length: 25 }, (_, attempts) => queue.send({ delivery: deliveryOf({ attempts }) }, 'g'));
    await Promise.all(sent);
    const attempts = (await held()).map(({ delivery }) => delivery.attempts);
    expect(attempts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, index) => index));
  });

  test('a delivery that is too large for a message is refused, and a delivery sent with it is accepted', async () => {
    const { queue, held } = await create();
    const large = queue.send({ delivery: deliveryOf({ event: { value: { text: incompressibleText() } } }) }, 'g');
    const small = queue.send({ delivery: deliveryOf() }, 'g');
    await expect(large).rejects.toMatchObject({ name: 'Failure', code: 'DeliveryTooLarge' });
    await small;
    expect(await held()).toHaveLength(1);
  });

  test('sending a delivery fails while the delivery queue cannot be reached, and succeeds afterwards', async () => {
    const { queue, held, breakDown, recover } = await create();
    breakDown();
    await expect(queue.send({ delivery: deliveryOf() }, 'g')).rejects.toMatchObject({ code: 'StoreUnavailable' });
    recover();
    await queue.send({ delivery: deliveryOf({ attempts: 9 }) }, 'g');
    expect((await held()).map(({ delivery }) => delivery.attempts)).toEqual([9]);
  });
});

describe.each(queueCallsNames)('a request to SQS, by %s', (by) => {
  test('a delivery without a waiting time is sent to the queue without a delay', async () => {
    const { queue, lies } = await inSqs(by);
    await queue.send({ delivery: deliveryOf() }, 'g');
    expect(sqs.batchesTo(lies.url)).toMatchObject([[{ DelaySeconds: 0 }]]);
  });

  test.each([
    [-5000, 0],
    [0, 0],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [900_000, 900],
    [900_001, 900],
    [86_400_000, 900],
  ])(
    'a delivery that must wait another %d ms is sent to the queue with a delay of %d s',
    async (waitMs, DelaySeconds) => {
      const { queue, lies } = await inSqs(by);
      await queue.send({ delivery: deliveryOf(), notBeforeMs: clock.nowMs() + waitMs }, 'g');
      expect(sqs.batchesTo(lies.url)).toMatchObject([[{ DelaySeconds }]]);
    },
  );

  test.each([
    [60_000, 60],
    [60_001, 60],
    [900_000, 60],
  ])(
    'a delivery that must wait %d ms because of the rate is sent to the queue with a delay of %d s',
    async (waitMs, DelaySeconds) => {
      const { queue, lies } = await inSqs(by);
      await queue.send({ delivery: deliveryOf(), notBeforeMs: clock.nowMs() + waitMs, turnGeneration: 3 }, 'g');
      expect(sqs.batchesTo(lies.url)).toMatchObject([[{ DelaySeconds }]]);
    },
  );

  test('a delivery that must wait 300 s because of an unhealthy endpoint is sent to the queue with a delay of 300 s', async () => {
    const { queue, lies } = await inSqs(by);
    const notBeforeMs = clock.nowMs() + 300_000;
    await queue.send({ delivery: deliveryOf(), notBeforeMs, turnGeneration: 3, isUnhealthy: true }, 'g');
    expect(sqs.batchesTo(lies.url)).toMatchObject([[{ DelaySeconds: 300 }]]);
  });

  test('a request to SQS contains the message group of each delivery, and its attributes with the type String', async () => {
    const { queue, lies } = await inSqs(by);
    const queued = { delivery: deliveryOf() };
    await Promise.all([queue.send(queued, 'orders'), queue.send(queued, 'refunds')]);
    const StringValue = formatQueuedDelivery(queued).attributes['LASTMILE'];
    const MessageAttributes = { LASTMILE: { DataType: 'String', StringValue } };
    expect(sqs.batchesTo(lies.url)).toMatchObject([
      [
        { MessageGroupId: 'orders', MessageBody: '{"id": "e-1"}', MessageAttributes },
        { MessageGroupId: 'refunds', MessageAttributes },
      ],
    ]);
  });

  test('21 deliveries that are sent at the same time are sent to SQS in three batches of at most ten', async () => {
    const { queue, lies } = await inSqs(by);
    await Promise.all(Array.from({ length: 21 }, () => queue.send({ delivery: deliveryOf() }, 'g')));
    expect(new Set(sqs.batchesTo(lies.url).map(({ length }) => length))).toEqual(new Set([10, 1]));
    expect(sqs.batchesTo(lies.url)).toHaveLength(3);
  });

  test('a batch contains at most 1 MiB of bodies and attributes', async () => {
    const { queue, lies } = await inSqs(by);
    const sized = (bytes: number): QueuedDelivery => {
      const empty = messageBytes(formatQueuedDelivery({ delivery: deliveryOf({ event: { value: {}, text: '{}' } }) }));
      return { delivery: deliveryOf({ event: { value: {}, text: `{${' '.repeat(bytes - empty)}}` } }) };
    };
    const half = maxMessageBytes / 2;
    const sizes = [half, half, half, half + 1, 500, 500];
    await Promise.all(sizes.map((bytes) => queue.send(sized(bytes), 'g')));
    expect(
      sqs
        .batchesTo(lies.url)
        .map(({ length }) => length)
        .toSorted(),
    ).toEqual([1, 2, 3]);
    expect(await lies.receiveAll()).toHaveLength(6);
  });
});

describe.each(queueCallsNames)('an answer of SQS, by %s', (by) => {
  const send = async (attempts: number, queue: DeliveryQueue) =>
    queue.send({ delivery: deliveryOf({ attempts }) }, 'g');

  test('only the delivery whose entry SQS refuses is rejected, with the code of SQS', async () => {
    const { queue, lies } = await inSqs(by);
    sqs.server.proxy.faultsBy(() => ({ failedEntries: [1] }));
    const settled = await Promise.allSettled([0, 1, 2].map((attempts) => send(attempts, queue)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({
      reason: { code: 'StoreUnavailable', message: 'The queue did not accept a message: InternalError.' },
    });
    expect(await lies.receiveAll()).toHaveLength(2);
  });

  test.each([
    ['is empty', {}],
    ['has empty lists', { Successful: [], Failed: [] }],
    ['contains only another id', { Successful: [{ Id: '7' }] }],
  ])('sending a delivery fails when the answer of SQS %s', async (_what, body) => {
    const { queue } = await inSqs(by);
    sqs.server.proxy.faultsBy(() => ({ status: 200, body }));
    await expect(send(0, queue)).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  test('only the delivery that SQS refuses for its size fails with MessageRefused', async () => {
    const url = await sqs.server.newQueue({ MaximumMessageSize: '1024' });
    const queue = createSqsDeliveryQueue(sqs.queueCalls()[by], url.url, clock);
    const large = deliveryOf({ event: { value: { text: 'x'.repeat(1024) } } });
    const sends = [deliveryOf(), large, deliveryOf()].map((delivery) => queue.send({ delivery }, 'g'));
    expect((await Promise.allSettled(sends)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    await expect(sends[1]).rejects.toMatchObject({
      code: 'MessageRefused',
      message: 'The queue refuses the message: InvalidParameterValue.',
    });
    expect(await url.receiveAll()).toHaveLength(2);
  });

  test('only the invalid delivery fails with MessageRefused when SQS refuses the whole batch because of it', async () => {
    const { queue, lies } = await inSqs(by);
    sqs.server.proxy.faultsBy(({ input }) => {
      const isPoisoned = (input['Entries'] as readonly BatchEntry[]).some(
        ({ MessageGroupId }) => MessageGroupId === 'bad',
      );
      return isPoisoned ? { status: 400, body: { __type: 'com.amazonaws.sqs#InvalidParameterValue' } } : undefined;
    });
    const sends = ['good', 'bad', 'good'].map((group) => queue.send({ delivery: deliveryOf() }, group));
    expect((await Promise.allSettled(sends)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    await expect(sends[1]).rejects.toMatchObject({ code: 'MessageRefused' });
    expect(await lies.receiveAll()).toHaveLength(2);
  });

  test('sending a delivery fails with StoreRefused when SQS denies access', async () => {
    const { queue } = await inSqs(by);
    sqs.server.proxy.faultsBy(() => accessDenied);
    await expect(send(0, queue)).rejects.toMatchObject({ code: 'StoreRefused' });
  });

  test('a delivery is in the queue twice when its request to SQS is repeated after a lost answer', async () => {
    const { queue, lies } = await inSqs(by);
    const faults = ['lost after' as const];
    sqs.server.proxy.faultsBy(() => faults.pop());
    await send(0, queue);
    expect(await lies.receiveAll()).toHaveLength(2);
  });

  test('a batch is accepted although SQS refuses another batch that was sent at the same time', async () => {
    const { queue } = await inSqs(by);
    sqs.server.proxy.faultsBy(({ input }) =>
      (input['Entries'] as readonly object[]).length === 10 ? accessDenied : undefined,
    );
    const settled = await Promise.allSettled(Array.from({ length: 11 }, (_, index) => send(index, queue)));
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([...Array<boolean>(10).fill(false), true]);
  });
});
