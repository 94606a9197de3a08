import { describe, expect, test } from 'vitest';
import type { ProxyFault } from '../../servers/aws/faulty-proxy.ts';
import type { SqsQueue } from '../../servers/aws/sqs-queues.ts';
import { createSettlingStory, type Destination, type SettlingServers, sharedSettling } from './settling-story.ts';

/* Each write that settles a delivery fails in each possible way. No event may be lost or reported as settled too early. */

let servers: SettlingServers;

sharedSettling.beforeAll(({ servers: started }) => {
  servers = started;
});

type Story = Awaited<ReturnType<typeof createSettlingStory>>;

function story(clients?: object): Promise<Story> {
  return createSettlingStory(servers, clients);
}

interface Way {
  /** Follows "because" in a test's name. */
  readonly how: string;
  readonly fault: ProxyFault;
  /** Whether the write takes effect although its caller gets no answer. */
  readonly takesEffect: boolean;
  readonly clients?: object;
}

/** One try, so that the test does not wait for the retries of the deployed client. */
const impatient = { maxAttempts: 1, requestHandler: { requestTimeout: 2000, throwOnRequestTimeout: true } };

const ways: readonly Way[] = [
  { how: 'every request is lost', fault: 'lost before', takesEffect: false },
  { how: 'every answer is lost', fault: 'lost after', takesEffect: true },
  { how: 'no answer comes', fault: 'silent', takesEffect: true, clients: impatient },
  { how: 'the entry is refused', fault: { failedEntries: [0] }, takesEffect: false },
  {
    how: 'the service is unavailable',
    fault: { status: 503, body: { __type: 'ServiceUnavailable' } },
    takesEffect: false,
  },
  { how: 'access is denied', fault: { status: 400, body: { __type: 'AccessDeniedException' } }, takesEffect: false },
  {
    how: 'the queue does not exist',
    fault: { status: 400, body: { __type: 'QueueDoesNotExist' } },
    takesEffect: false,
  },
  { how: 'the answer is an empty object', fault: { status: 200, body: {} }, takesEffect: false },
];

interface Write {
  /** The queues that the write goes to, with a verb: a part of test names. */
  readonly confirms: string;
  readonly destination: Destination;
  readonly withTarget: boolean;
  /** The queues that fail: the target of the write and the queues used instead of it. */
  readonly queues: (story: Story) => readonly SqsQueue[];
}

const writes: readonly Write[] = [
  {
    confirms: 'the delivery queue confirms',
    destination: 'later',
    withTarget: false,
    queues: ({ deliveries }) => [deliveries],
  },
  {
    confirms: 'the stack’s own dead-letter queue confirms',
    destination: 'never',
    withTarget: false,
    queues: ({ deadLetters }) => [deadLetters],
  },
  {
    confirms: 'both dead-letter queues confirm',
    destination: 'never',
    withTarget: true,
    queues: ({ target, deadLetters }) => [target, deadLetters],
  },
];

describe.concurrent.each(writes)('$confirms no message', ({ confirms, destination, withTarget, queues }) => {
  test.each(ways)(
    `deliver fails when ${confirms} no message because $how, and settles the event when it is invoked again`,
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

  test.each(ways)(
    `deliver-queued reports its message as failed when ${confirms} no message because $how`,
    async ({ fault, clients }) => {
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
    },
  );
});

async function countIn(queues: readonly SqsQueue[]): Promise<number> {
  const counts = await Promise.all(queues.map((queue) => queue.count()));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function receiveUntilSettled({ receiveOnce }: Story): Promise<void> {
  for (;;) {
    const { received, failures } = await receiveOnce();
    expect(failures).toEqual([]);
    if (received === 0) return;
  }
}

describe.concurrent('a failure of the target’s dead-letter queue alone', () => {
  test.each(ways)(
    'an event goes to the stack’s own dead-letter queue when the target’s queue confirms no message because $how',
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
  test.each(ways.filter(({ how }) => how !== 'the entry is refused'))(
    'deliver-queued reports no failure when the deletion of settled messages is not confirmed because $how',
    async ({ fault, clients }) => {
      const told = await story(clients);
      const last = told.envelope('well');
      const envelopes = [told.envelope('well'), told.envelope('never'), last];
      await told.enqueue(...envelopes);
      told.fail('DeleteMessageBatch', told.deliveries, fault);
      // A worker deletes messages only while others of their batch are not settled yet.
      told.answerWhen(last, () => told.until(() => told.calls('DeleteMessageBatch') > 0));
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
    ways.filter(({ how }) => ['the service is unavailable', 'every answer is lost', 'access is denied'].includes(how)),
  )(
    'a delivery is settled although the table does not confirm a refused credential because $how',
    async ({ fault }) => {
      const told = await story();
      told.fail('UpdateItem', undefined, fault);
      const envelope = told.envelope('unauthorized');
      expect(await told.deliver(envelope)).toMatchObject({ outcome: 'deferred', attempts: 1 });
      expect(await told.deliveries.count()).toBe(1);
      told.heal();
    },
  );
});
