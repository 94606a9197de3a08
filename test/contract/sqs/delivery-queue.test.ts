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
import { accessDenied, type BatchEntry, deliveryOf, incompressibleText, unavailable, useSqs } from './sqs-subjects.ts';

const sqs = useSqs();
const clock = createManualClock();

async function inSqs() {
  const lies = await sqs.server.newQueue();
  return { queue: createSqsDeliveryQueue(sqs.client(), lies.url, clock), lies };
}

interface Subject {
  readonly queue: DeliveryQueue;
  /** The present messages of the queue. */
  held(): Promise<readonly QueuedDelivery[]>;
  breakDown(): void;
  recover(): void;
}

const subjects: readonly { subject: string; create: () => Promise<Subject> }[] = [
  {
    subject: 'in SQS',
    async create() {
      const { queue, lies } = await inSqs();
      const options = { apiDestination: undefined, nowMs: 0 };
      return {
        queue,
        held: async () => (await lies.receiveAll()).map((message) => parseQueueMessage(messageOf(message), options)),
        breakDown: () => sqs.server.proxy.faultsBy(() => unavailable),
        recover: () => sqs.server.proxy.faultsBy(() => undefined),
      };
    },
  },
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

  test('the delivery queue accepts many deliveries at once, each one separately', async () => {
    const { queue, held } = await create();
    const sent = Array.from({ length: 25 }, (_, attempts) => queue.send({ delivery: deliveryOf({ attempts }) }, 'g'));
    await Promise.all(sent);
    const attempts = (await held()).map(({ delivery }) => delivery.attempts);
    expect(attempts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, index) => index));
  });

  test('the delivery queue refuses only the delivery that is too large for a message, and accepts the others', async () => {
    const { queue, held } = await create();
    const large = queue.send({ delivery: deliveryOf({ event: { value: { text: incompressibleText() } } }) }, 'g');
    const small = queue.send({ delivery: deliveryOf() }, 'g');
    await expect(large).rejects.toMatchObject({ name: 'Failure', code: 'DeliveryTooLarge' });
    await small;
    expect(await held()).toHaveLength(1);
  });

  test('a delivery queue that cannot be reached accepts nothing, and accepts again later', async () => {
    const { queue, held, breakDown, recover } = await create();
    breakDown();
    await expect(queue.send({ delivery: deliveryOf() }, 'g')).rejects.toMatchObject({ code: 'StoreUnavailable' });
    recover();
    await queue.send({ delivery: deliveryOf({ attempts: 9 }) }, 'g');
    expect((await held()).map(({ delivery }) => delivery.attempts)).toEqual([9]);
  });
});

describe('a request to SQS', () => {
  test.each<[notBeforeMs: number | undefined, delaySeconds: number]>([
    [undefined, 0],
    [-5000, 0],
    [0, 0],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [900_000, 900],
    [900_001, 900],
    [86_400_000, 900],
  ])('a delivery that waits %s ms more is sent with a delay of %d s', async (waitMs, DelaySeconds) => {
    const { queue, lies } = await inSqs();
    const notBefore = waitMs === undefined ? undefined : { notBeforeMs: clock.nowMs() + waitMs };
    await queue.send({ delivery: deliveryOf(), ...notBefore }, 'g');
    expect(sqs.batchesTo(lies.url)).toMatchObject([[{ DelaySeconds }]]);
  });

  test.each([
    [60_000, 60],
    [60_001, 60],
    [900_000, 60],
  ])(
    'a delivery that waits %s ms for the rate is sent with a delay of %d s, at most a minute',
    async (waitMs, DelaySeconds) => {
      const { queue, lies } = await inSqs();
      await queue.send({ delivery: deliveryOf(), notBeforeMs: clock.nowMs() + waitMs, turnGeneration: 3 }, 'g');
      expect(sqs.batchesTo(lies.url)).toMatchObject([[{ DelaySeconds }]]);
    },
  );

  test('a delivery that waits for an unhealthy endpoint is sent with its whole delay', async () => {
    const { queue, lies } = await inSqs();
    const notBeforeMs = clock.nowMs() + 300_000;
    await queue.send({ delivery: deliveryOf(), notBeforeMs, turnGeneration: 3, isUnhealthy: true }, 'g');
    expect(sqs.batchesTo(lies.url)).toMatchObject([[{ DelaySeconds: 300 }]]);
  });

  test('a request to SQS names the group of each delivery and sends its attributes as String', async () => {
    const { queue, lies } = await inSqs();
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

  test('a request to SQS carries at most ten of the deliveries that were sent at the same moment', async () => {
    const { queue, lies } = await inSqs();
    await Promise.all(Array.from({ length: 21 }, () => queue.send({ delivery: deliveryOf() }, 'g')));
    expect(new Set(sqs.batchesTo(lies.url).map(({ length }) => length))).toEqual(new Set([10, 1]));
    expect(sqs.batchesTo(lies.url)).toHaveLength(3);
  });

  test('a request to SQS carries at most 1 MiB, attributes included', async () => {
    const { queue, lies } = await inSqs();
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

describe('an answer of SQS', () => {
  const send = async (attempts: number, queue: DeliveryQueue) =>
    queue.send({ delivery: deliveryOf({ attempts }) }, 'g');

  test('an answer of SQS that refuses one entry rejects only that delivery, with the code of the refusal', async () => {
    const { queue, lies } = await inSqs();
    sqs.server.proxy.faultsBy(() => ({ failedEntries: [1] }));
    const settled = await Promise.allSettled([0, 1, 2].map((attempts) => send(attempts, queue)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({
      reason: { code: 'StoreUnavailable', message: 'The queue did not accept a message: InternalError.' },
    });
    expect(await lies.receiveAll()).toHaveLength(2);
  });

  test.each([{}, { Successful: [], Failed: [] }, { Successful: [{ Id: '7' }] }])(
    'a delivery that the answer of SQS does not name (%j) is not accepted',
    async (body) => {
      const { queue } = await inSqs();
      sqs.server.proxy.faultsBy(() => ({ status: 200, body }));
      await expect(send(0, queue)).rejects.toMatchObject({ code: 'StoreUnavailable' });
    },
  );

  test('a message that the queue refuses for its size is MessageRefused, and the others of its batch are accepted', async () => {
    const url = await sqs.server.newQueue({ MaximumMessageSize: '1024' });
    const queue = createSqsDeliveryQueue(sqs.client(), url.url, clock);
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

  test('one message for which SQS refuses the whole batch is MessageRefused, and the others are accepted', async () => {
    const { queue, lies } = await inSqs();
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

  test('an answer of SQS that denies access is StoreRefused', async () => {
    const { queue } = await inSqs();
    sqs.server.proxy.faultsBy(() => accessDenied);
    await expect(send(0, queue)).rejects.toMatchObject({ code: 'StoreRefused' });
  });

  test('a request to SQS is repeated when its answer was lost, so the delivery may be in the queue twice', async () => {
    const { queue, lies } = await inSqs();
    const faults = ['lost after' as const];
    sqs.server.proxy.faultsBy(() => faults.pop());
    await send(0, queue);
    expect(await lies.receiveAll()).toHaveLength(2);
  });

  test('the answer of SQS to one batch does not affect another batch that was sent at the same moment', async () => {
    const { queue } = await inSqs();
    sqs.server.proxy.faultsBy(({ input }) =>
      (input['Entries'] as readonly object[]).length === 10 ? accessDenied : undefined,
    );
    const settled = await Promise.allSettled(Array.from({ length: 11 }, (_, index) => send(index, queue)));
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([...Array<boolean>(10).fill(false), true]);
  });
});
