import { describe, expect, test } from 'vitest';
import type { ProxyFault } from '../../servers/aws/faulty-proxy.ts';
import type { SqsQueue } from '../../servers/aws/sqs-queues.ts';
import { createSettlingStory, type Destination, type SettlingServers, sharedSettling } from './settling-story.ts';

/*
 * Every write that settles a delivery fails in every way it can, under the deployed handlers: the event is never lost, and
 * nobody is told that it is settled before it is.
 */

let servers: SettlingServers;

sharedSettling.beforeAll(({ servers: started }) => {
  servers = started;
});

type Story = Awaited<ReturnType<typeof createSettlingStory>>;

function story(clients?: object): Promise<Story> {
  return createSettlingStory(servers, clients);
}

interface Way {
  readonly how: string;
  readonly fault: ProxyFault;
  /** Whether the write takes effect although its caller gets no answer. */
  readonly takesEffect: boolean;
  readonly clients?: object;
}

/** One try, so that the test does not wait for the retries of the deployed client. */
const impatient = { maxAttempts: 1, requestHandler: { requestTimeout: 2000, throwOnRequestTimeout: true } };

const ways: readonly Way[] = [
  { how: 'loses every request', fault: 'lost before', takesEffect: false },
  { how: 'loses every answer', fault: 'lost after', takesEffect: true },
  { how: 'never answers', fault: 'silent', takesEffect: true, clients: impatient },
  { how: 'fails the entry', fault: { failedEntries: [0] }, takesEffect: false },
  { how: 'is unavailable', fault: { status: 503, body: { __type: 'ServiceUnavailable' } }, takesEffect: false },
  { how: 'denies access', fault: { status: 400, body: { __type: 'AccessDeniedException' } }, takesEffect: false },
  { how: 'does not exist', fault: { status: 400, body: { __type: 'QueueDoesNotExist' } }, takesEffect: false },
  { how: 'gives an answer that is none of SQS', fault: { status: 200, body: {} }, takesEffect: false },
];

interface Write {
  readonly write: string;
  readonly destination: Destination;
  readonly withTarget: boolean;
  /** The queues that fail: the target of the write and the queues used instead of it. */
  readonly queues: (story: Story) => readonly SqsQueue[];
}

const writes: readonly Write[] = [
  {
    write: 'the delivery queue',
    destination: 'later',
    withTarget: false,
    queues: ({ deliveries }) => [deliveries],
  },
  {
    write: 'the stack’s own dead-letter queue',
    destination: 'never',
    withTarget: false,
    queues: ({ deadLetters }) => [deadLetters],
  },
  {
    write: 'the target’s dead-letter queue and then the stack’s own',
    destination: 'never',
    withTarget: true,
    queues: ({ target, deadLetters }) => [target, deadLetters],
  },
];

describe.concurrent.each(writes)('a settlement by $write', ({ write, destination, withTarget, queues }) => {
  test.each(ways)(
    `when ${write} $how, deliver fails, and it settles the event when it is invoked again`,
    async ({ fault, takesEffect, clients }) => {
      const told = await story(clients);
      const envelope = told.envelope(destination, withTarget);
      for (const queue of queues(told)) told.fail('SendMessageBatch', queue, fault);
      await expect(told.deliver(envelope)).rejects.toThrow();
      expect(told.requestsFor(envelope)).toBe(1);
      for (const queue of queues(told)) expect((await queue.count()) > 0).toBe(takesEffect);
      const before = await countIn(queues(told));
      told.heal();
      const outcome = destination === 'later' ? 'deferred' : 'dead-lettered';
      expect(await told.deliver(envelope)).toMatchObject({ outcome });
      expect(await countIn(queues(told))).toBe(before + 1);
    },
  );

  test.each(ways)(`when ${write} $how, deliver-queued gives the message back`, async ({ fault, clients }) => {
    const told = await story(clients);
    const envelope = told.envelope(destination, withTarget);
    await told.enqueue(envelope);
    for (const queue of queues(told)) told.fail('SendMessageBatch', queue, fault);
    expect(await told.receiveOnce()).toMatchObject({ received: 1, failures: [expect.any(String)] });
    expect(told.calls('DeleteMessageBatch')).toBe(0);
    expect(told.requestsFor(envelope)).toBe(1);
    told.heal();
    await receiveUntilSettled(told);
    expect(await countIn(queues(told))).toBeGreaterThan(0);
  });
});

async function countIn(queues: readonly SqsQueue[]): Promise<number> {
  const counts = await Promise.all(queues.map((queue) => queue.count()));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Receives until no message is left. */
async function receiveUntilSettled({ receiveOnce }: Story): Promise<void> {
  for (;;) {
    const { received, failures } = await receiveOnce();
    expect(failures).toEqual([]);
    if (received === 0) return;
  }
}

describe.concurrent('a failure of the target’s dead-letter queue alone', () => {
  test.each(ways)(
    'when only the target’s dead-letter queue $how, either handler sends the event to the stack’s own queue',
    async ({ fault, takesEffect, clients }) => {
      const told = await story(clients);
      told.fail('SendMessageBatch', told.target, fault);
      const [one, other] = [told.envelope('never', true), told.envelope('never', true)];
      expect(await told.deliver(one)).toMatchObject({ outcome: 'dead-lettered' });
      expect(await told.deadLetters.count()).toBe(1);
      await told.enqueue(other);
      expect(await told.receiveOnce()).toEqual({ received: 1, failures: [] });
      expect(await told.deadLetters.count()).toBe(2);
      expect((await told.target.count()) > 0).toBe(takesEffect);
    },
  );
});

describe.concurrent('a failed deletion of a settled message', () => {
  test.each(ways.filter(({ how }) => how !== 'fails the entry'))(
    'when DeleteMessageBatch $how, the batch is settled anyway, and Lambda deletes its messages afterwards',
    async ({ fault, clients }) => {
      const told = await story(clients);
      const envelopes = [told.envelope('well'), told.envelope('well'), told.envelope('never')];
      await told.enqueue(...envelopes);
      told.fail('DeleteMessageBatch', told.deliveries, fault);
      expect(await told.receiveOnce()).toEqual({ received: 3, failures: [] });
      expect(told.calls('DeleteMessageBatch')).toBeGreaterThan(0);
      expect(await told.deliveries.count()).toBe(0);
      expect(envelopes.map(told.requestsFor)).toEqual([1, 1, 1]);
      expect(await told.deadLetters.count()).toBe(1);
    },
  );
});

describe.concurrent('a failed write of a refused credential', () => {
  test.each(
    ways.filter(({ how }) => how === 'is unavailable' || how === 'loses every answer' || how === 'denies access'),
  )('when the write of a refused credential to the table $how, the delivery is settled anyway', async ({ fault }) => {
    const told = await story();
    told.fail('UpdateItem', undefined, fault);
    const envelope = told.envelope('unauthorized');
    expect(await told.deliver(envelope)).toMatchObject({ outcome: 'deferred', attempts: 1 });
    expect(await told.deliveries.count()).toBe(1);
    told.heal();
  });
});
