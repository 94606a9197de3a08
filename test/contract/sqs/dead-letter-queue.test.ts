import { describe, expect, test } from 'vitest';
import { createSqsDeadLetterQueue } from '../../../lib/adapters/sqs/dead-letter-queue.ts';
import type { DeadLetter } from '../../../lib/core/message/dead-letter-message.ts';
import { formatDeadLetter } from '../../../lib/core/message/dead-letter-message.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { QueueMessage } from '../../../lib/core/message/queue-message.ts';
import type { DeadLetterQueue } from '../../../lib/ports/delivery.ts';
import { createInMemoryDeadLetters } from '../../fakes/in-memory-dead-letters.ts';
import type { ProxyFault } from '../../servers/aws/faulty-proxy.ts';
import { messageOf } from '../../servers/aws/sqs-queues.ts';
import {
  accessDenied,
  deliveryOf,
  incompressibleText,
  unavailable,
  type QueueCallsName,
  queueCallsNames,
  useSqs,
} from './sqs-subjects.ts';

const sqs = useSqs();

async function inSqs(by: QueueCallsName) {
  const own = await sqs.server.newQueue();
  const target = await sqs.server.newQueue();
  const deliveries = await sqs.server.newQueue();
  const urls = { deadLettersUrl: own.url, deliveriesUrl: deliveries.url };
  const queue = createSqsDeadLetterQueue(sqs.queueCalls()[by], urls);
  /** Makes every request to the queue with this URL fail in this way. */
  const failing = (url: string, fault: ProxyFault): void =>
    sqs.server.proxy.faultsBy(({ input }) => (input['QueueUrl'] === url ? fault : undefined));
  return { own, target, deliveries, urls, queue, failing };
}

interface Subject {
  readonly queue: DeadLetterQueue;
  readonly targetArn: string;
  inOwn(): Promise<readonly QueueMessage[]>;
  inTarget(): Promise<readonly QueueMessage[]>;
  breakDown(): void;
  recover(): void;
}

const subjects: readonly { subject: string; create: () => Promise<Subject> }[] = [
  ...queueCallsNames.map((by) => ({
    subject: `in SQS, by ${by}`,
    async create() {
      const { own, target, queue } = await inSqs(by);
      return {
        queue,
        targetArn: target.arn,
        inOwn: async () => (await own.receiveAll()).map(messageOf),
        inTarget: async () => (await target.receiveAll()).map(messageOf),
        breakDown: () => sqs.server.proxy.faultsBy(() => unavailable),
        recover: () => sqs.server.proxy.faultsBy(() => undefined),
      };
    },
  })),
  {
    subject: 'in memory',
    async create() {
      const targetArn = 'arn:aws:sqs:us-east-1:123456789012:target';
      const queue = createInMemoryDeadLetters([targetArn]);
      return {
        queue,
        targetArn,
        inOwn: async () => queue.lettersIn().map(formatDeadLetter),
        inTarget: async () => queue.lettersIn(targetArn).map(formatDeadLetter),
        breakDown: () => queue.failWith(new Failure('StoreUnavailable', 'injected')),
        recover: () => queue.recover(),
      };
    },
  },
];

function letterTo(arn?: string, members: Partial<DeadLetter> = {}): DeadLetter {
  const target = arn === undefined ? {} : { DeadLetterConfig: { Arn: arn } };
  const delivery = deliveryOf({ rule: 'arn:aws:events:us-east-1:123456789012:rule/r', target, attempts: 3 });
  const reason = 'The endpoint answered 422.';
  return { body: '{"id": "e-1"}', delivery, code: 'EndpointRejected', reason, status: 422, ...members };
}

describe.each(subjects)('the dead-letter queue $subject', ({ create }) => {
  test("a dead letter goes to the stack's own queue when the target names none", async () => {
    const { queue, inOwn, inTarget } = await create();
    const letter = letterTo(undefined, { answer: 'no such order', condition: 'MaximumRetryAttempts' });
    await queue.send(letter);
    expect(await inOwn()).toEqual([formatDeadLetter(letter)]);
    expect(await inTarget()).toEqual([]);
  });

  test('an input that is not a delivery is dead-lettered unchanged', async () => {
    const { queue, inOwn } = await create();
    await queue.send({ body: 'no JSON', code: 'InvalidJson', reason: 'The message is not JSON.' });
    expect(await inOwn()).toMatchObject([{ body: 'no JSON', attributes: { ERROR_CODE: 'INVALID_JSON' } }]);
  });

  test('a dead letter goes only to the queue that its target names', async () => {
    const { queue, targetArn, inOwn, inTarget } = await create();
    await queue.send(letterTo(targetArn));
    expect(await inTarget()).toEqual([formatDeadLetter(letterTo(targetArn))]);
    expect(await inOwn()).toEqual([]);
  });

  test.each([
    ['a queue that does not exist', 'arn:aws:sqs:us-east-1:123456789012:nobody-made-it'],
    ['a queue of another account', 'arn:aws:sqs:us-east-1:999999999999:target'],
    ['a text that is not an ARN', 'garbage'],
    ['a topic', 'arn:aws:sns:us-east-1:123456789012:target'],
    ['a queue name with ../ in it', 'arn:aws:sqs:us-east-1:123456789012:../../evil'],
    ['a FIFO queue', 'arn:aws:sqs:us-east-1:123456789012:target.fifo'],
  ])("a dead letter goes to the stack's own queue when its target names %s", async (_what, arn) => {
    const { queue, inOwn } = await create();
    await queue.send(letterTo(arn));
    expect(await inOwn()).toEqual([formatDeadLetter(letterTo(arn))]);
  });

  test("a dead letter goes to the stack's own queue when its target names a queue in another region", async () => {
    const { queue, targetArn, inOwn, inTarget } = await create();
    await queue.send(letterTo(targetArn.replace('us-east-1', 'eu-north-1')));
    expect(await inOwn()).toHaveLength(1);
    expect(await inTarget()).toEqual([]);
  });

  test('sending a dead letter that is too large for a message fails with DeliveryTooLarge', async () => {
    const { queue, targetArn, inOwn, inTarget } = await create();
    const letter = letterTo(targetArn, { body: incompressibleText() });
    await expect(queue.send(letter)).rejects.toMatchObject({ name: 'Failure', code: 'DeliveryTooLarge' });
    expect([...(await inOwn()), ...(await inTarget())]).toEqual([]);
  });

  test('sending a dead letter fails while the queues cannot be reached, and succeeds afterwards', async () => {
    const { queue, targetArn, inOwn, inTarget, breakDown, recover } = await create();
    breakDown();
    await expect(queue.send(letterTo())).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await expect(queue.send(letterTo(targetArn))).rejects.toMatchObject({ code: 'StoreUnavailable' });
    expect([...(await inOwn()), ...(await inTarget())]).toEqual([]);
    recover();
    await queue.send(letterTo());
    expect(await inOwn()).toHaveLength(1);
  });
});

describe.each(queueCallsNames)('a target’s queue in SQS, by %s', (by) => {
  test.each<[what: string, fault: ProxyFault]>([
    ['denies access', accessDenied],
    ['is unavailable', unavailable],
    ['loses every request', 'lost before'],
    ['refuses the entry', { failedEntries: [0] }],
  ])("a dead letter goes to the stack's own queue when the target's queue %s", async (_what, fault) => {
    const { queue, own, target, failing } = await inSqs(by);
    failing(target.url, fault);
    await queue.send(letterTo(target.arn));
    expect((await own.receiveAll()).map(messageOf)).toEqual([formatDeadLetter(letterTo(target.arn))]);
  });

  test("a dead letter goes to the stack's own queue after one request to a target's queue that never answers", async () => {
    const { own, target, urls, failing } = await inSqs(by);
    failing(target.url, 'silent');
    await createSqsDeadLetterQueue(sqs.queueCalls()[by], urls, 50).send(letterTo(target.arn));
    expect((await own.receiveAll()).map(messageOf)).toEqual([formatDeadLetter(letterTo(target.arn))]);
    expect(sqs.batchesTo(target.url)).toHaveLength(1);
  });

  test("a dead letter is in both queues when the target's queue accepts it but all answers of that queue are lost", async () => {
    const { queue, own, target, failing } = await inSqs(by);
    failing(target.url, 'lost after');
    await queue.send(letterTo(target.arn));
    expect(await own.receiveAll()).toHaveLength(1);
    expect((await target.receiveAll()).length).toBeGreaterThan(0);
  });

  test("the stack's own queue gets only those dead letters of a batch that the target's queue refuses", async () => {
    const { queue, own, target, failing } = await inSqs(by);
    failing(target.url, { failedEntries: [1] });
    await Promise.all([queue.send(letterTo(target.arn)), queue.send(letterTo(target.arn, { status: 410 }))]);
    expect((await target.receiveAll()).map(messageOf)).toEqual([formatDeadLetter(letterTo(target.arn))]);
    expect((await own.receiveAll()).map(messageOf)).toEqual([formatDeadLetter(letterTo(target.arn, { status: 410 }))]);
  });

  test("a target's queue accepts dead letters even while the stack's own queue is unavailable", async () => {
    const { queue, own, target, failing } = await inSqs(by);
    failing(own.url, unavailable);
    await queue.send(letterTo(target.arn));
    expect(await target.receiveAll()).toHaveLength(1);
  });

  test("a failed dead letter is not sent a second time when the target names the stack's own queue", async () => {
    const { queue, own, failing } = await inSqs(by);
    failing(own.url, accessDenied);
    await expect(queue.send(letterTo(own.arn))).rejects.toMatchObject({ code: 'StoreRefused' });
    expect(sqs.batchesTo(own.url)).toHaveLength(1);
  });

  test('dead letters that are sent at the same time go to each queue in one request', async () => {
    const { queue, own, target } = await inSqs(by);
    await Promise.all(
      [letterTo(), letterTo(target.arn), letterTo(), letterTo(target.arn)].map((each) => queue.send(each)),
    );
    expect(sqs.batchesTo(own.url).map(({ length }) => length)).toEqual([2]);
    expect(sqs.batchesTo(target.url).map(({ length }) => length)).toEqual([2]);
  });

  test("a dead letter goes to the stack's own queue with a reason when its target names the delivery queue", async () => {
    const { queue, own, deliveries } = await inSqs(by);
    await queue.send(letterTo(deliveries.arn));
    const [message] = (await own.receiveAll()).map(messageOf);
    expect(message?.attributes['ERROR_MESSAGE']).toBe(
      'EndpointRejected: The endpoint answered 422. target.DeadLetterConfig names the delivery queue.',
    );
    expect(await deliveries.receiveAll()).toEqual([]);
  });

  test.each([
    ['was never redriven', "its target's queue", undefined, 'target', 'EndpointRejected: The endpoint answered 422.'],
    ['was redriven twice', "its target's queue", 2, 'target', 'EndpointRejected: The endpoint answered 422.'],
    [
      'was redriven three times',
      "the stack's own queue",
      3,
      'own',
      /came back 3 times from the dead letters, so target\.DeadLetterConfig is ignored\.$/,
    ],
  ])('a dead letter that %s goes to %s', async (_times, _queue, redrives, place, reason) => {
    const { queue, own, target } = await inSqs(by);
    const delivery = deliveryOf({ target: { DeadLetterConfig: { Arn: target.arn } }, ...(redrives && { redrives }) });
    await queue.send(letterTo(undefined, { delivery }));
    const { [place]: messages = [] } = { own: await own.receiveAll(), target: await target.receiveAll() };
    expect(messages.map(messageOf)).toMatchObject([{ attributes: { ERROR_MESSAGE: expect.stringMatching(reason) } }]);
  });

  test('the message group of a dead letter is the name of its destination', async () => {
    const { queue, own, target } = await inSqs(by);
    const { delivery: _delivery, ...unread } = letterTo();
    await Promise.all([letterTo(), letterTo(target.arn), unread].map((each) => queue.send(each)));
    const groupsIn = (url: string) => sqs.batchesTo(url).map((batch) => batch.map((entry) => entry.MessageGroupId));
    expect([groupsIn(own.url), groupsIn(target.url)]).toEqual([[['orders', undefined]], [['orders']]]);
  });
});
