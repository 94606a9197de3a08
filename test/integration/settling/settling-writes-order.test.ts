import { describe, expect, test } from 'vitest';
import { createSettlingStory, type Destination, type SettlingServers, sharedSettling } from './settling-story.ts';

let servers: SettlingServers;

sharedSettling.beforeAll(({ servers: started }) => {
  servers = started;
});

function story() {
  return createSettlingStory(servers);
}

/** A promise and whether it has settled. */
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

describe.each(writes)('while the write for a delivery to %s is under way', (destination, queueName, outcome) => {
  test('deliver does not answer while the write for a delivery is under way', async () => {
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

  test('deliver-queued neither answers nor deletes the message while the write is under way, and does both after it', async () => {
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

test('a delivered event is settled only after the endpoint has answered', async () => {
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
