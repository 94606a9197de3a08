import { describe, expect, test } from 'vitest';
import { createSettlingStory, type Destination, type SettlingServers, sharedSettling } from './settling-story.ts';

let servers: SettlingServers;

sharedSettling.beforeAll(({ servers: started }) => {
  servers = started;
});

function story() {
  return createSettlingStory(servers);
}

function watched<Value>(promise: Promise<Value>) {
  const watching = { promise, settled: false };
  const note = () => {
    watching.settled = true;
  };
  promise.then(note, note);
  return watching;
}

const writes: readonly (readonly [destination: Destination, queue: 'deliveries' | 'deadLetters', outcome: string])[] = [
  ['later', 'deliveries', 'deferred'],
  ['never', 'deadLetters', 'dead-lettered'],
];

describe.each(writes)('a delivery to %s', (destination, queueName, outcome) => {
  test(`deliver does not answer before a ${outcome} event is in its queue`, async () => {
    const told = await story();
    const write = Promise.withResolvers<void>();
    told.fail('SendMessageBatch', told[queueName], write.promise);
    const delivering = watched(told.deliver(told.envelope(destination)));
    await told.until(() => told.writesTo(told[queueName]) > 0);
    expect(delivering.settled).toBe(false);
    write.resolve();
    expect(await delivering.promise).toMatchObject({ outcome });
    expect(await told[queueName].count()).toBe(1);
  });

  test(`deliver-queued does not delete a message before its ${outcome} event is in its queue`, async () => {
    const told = await story();
    const [write, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const [settling, slow] = [told.envelope(destination), told.envelope('well')];
    await told.enqueue(settling, slow);
    told.answerWhen(slow, () => answer.promise);
    told.fail('SendMessageBatch', told[queueName], write.promise);
    const receiving = watched(told.receiveOnce());
    await told.until(() => told.writesTo(told[queueName]) > 0 && told.requestsFor(slow) > 0);
    expect([receiving.settled, told.calls('DeleteMessageBatch')]).toEqual([false, 0]);
    write.resolve();
    await told.until(() => told.calls('DeleteMessageBatch') > 0);
    expect([receiving.settled, (await told[queueName].count()) > 0]).toEqual([false, true]);
    answer.resolve();
    expect(await receiving.promise).toEqual({ received: 2, failures: [] });
    expect(told.calls('DeleteMessageBatch')).toBe(1);
  });
});

test('deliver answers only after the endpoint has answered', async () => {
  const told = await story();
  const answer = Promise.withResolvers<void>();
  const envelope = told.envelope('well');
  told.answerWhen(envelope, () => answer.promise);
  const delivering = watched(told.deliver(envelope));
  await told.until(() => told.requestsFor(envelope) > 0);
  expect(delivering.settled).toBe(false);
  answer.resolve();
  expect(await delivering.promise).toMatchObject({ outcome: 'delivered' });
});

test('when the delivery queue refuses one event of an array, deliver attempts only this event at once', async () => {
  const { deliver, envelope, deliveries, receiveOnce, requestsFor, fail, heal } = await createSettlingStory(servers);
  const array = Array.from({ length: 11 }, () => envelope('well'));
  // The last event is in a batch of its own, so only the eighth one is refused.
  fail('SendMessageBatch', deliveries, { failedEntries: [7] });
  const { deliveries: answered } = (await deliver(array)) as {
    readonly deliveries: readonly { readonly outcome: string }[];
  };
  expect(answered.map(({ outcome }) => outcome)).toEqual(
    array.map((_, index) => (index === 7 ? 'delivered' : 'deferred')),
  );
  expect(array.map(requestsFor)).toEqual(array.map((_, index) => (index === 7 ? 1 : 0)));
  heal();
  while ((await receiveOnce()).received > 0);
  expect(array.map(requestsFor)).toEqual(array.map(() => 1));
});
