import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { maxMessageBytes } from '../../../lib/core/message/queue-message.ts';
import { parseQueueMessage } from '../../../lib/core/message/queued-delivery.ts';
import { messageOf } from '../../servers/aws/sqs-queues.ts';
import { createSettlingStory, type SettlingServers, sharedSettling } from './settling-story.ts';

let servers: SettlingServers;

sharedSettling.beforeAll(({ servers: started }) => {
  servers = started;
});

/** An incompressible envelope of this size. It is the same in every run. */
function envelopeOf(apiDestination: string, bytes: number): { readonly body: string; readonly id: string } {
  const id = `large-${apiDestination}-${bytes}`;
  const envelope = (text: string) => `{"apiDestination":"${apiDestination}","event":{"id":"${id}","text":"${text}"}}`;
  const blocks = Array.from({ length: 13_000 }, (_, index) => createHash('sha512').update(String(index)).digest());
  const text = Buffer.concat(blocks).toString('base64');
  return { id, body: envelope(text.slice(0, bytes - envelope('').length)) };
}

test.each([
  ['later', 'ERROR_FROM_TARGET', 'EndpointFailed'],
  ['never', 'ERROR_FROM_TARGET', 'EndpointRejected'],
] as const)(
  'an envelope for the destination "%s" that is too large for a retry message is dead-lettered unchanged with the reason',
  async (apiDestination, errorCode, code) => {
    const { deliveries, deadLetters, receiveOnce } = await createSettlingStory(servers);
    const { body, id } = envelopeOf(apiDestination, maxMessageBytes - 80);
    await deliveries.send({ body, attributes: {} });
    expect(await receiveOnce()).toEqual({ received: 1, failures: [] });
    expect(await deliveries.count()).toBe(0);
    const [letter, ...more] = (await deadLetters.receiveAll()).map(messageOf);
    expect(more).toEqual([]);
    expect(letter?.body === body).toBe(true);
    expect(letter?.attributes).toEqual({ ERROR_CODE: errorCode, ERROR_MESSAGE: code });
    // The dead letter can be delivered again unchanged.
    const { delivery } = parseQueueMessage(letter ?? { body: '', attributes: {} }, {
      apiDestination: undefined,
      nowMs: 7,
    });
    expect(delivery).toMatchObject({ apiDestination, event: { value: { id } }, attempts: 0 });
  },
);

test('an envelope of the largest message size is dead-lettered without a reason, because a reason would not fit', async () => {
  const { deliveries, deadLetters, receiveOnce } = await createSettlingStory(servers);
  const { body } = envelopeOf('later', maxMessageBytes);
  await deliveries.send({ body, attributes: {} });
  expect(await receiveOnce()).toEqual({ received: 1, failures: [] });
  const letters = (await deadLetters.receiveAll()).map(messageOf);
  expect(letters.map((letter) => [letter.body === body, letter.attributes])).toEqual([[true, {}]]);
});

test('an element of an array that is larger than a message is attempted at once, and returns to the sender if it fails', async () => {
  const { deliver, envelope, requestsFor } = await createSettlingStory(servers);
  const small = Array.from({ length: 10 }, () => envelope('well'));
  const large = (apiDestination: string): unknown =>
    JSON.parse(envelopeOf(apiDestination, maxMessageBytes + 1000).body);
  const { deliveries } = (await deliver([...small, large('well')])) as {
    readonly deliveries: readonly { readonly outcome: string }[];
  };
  expect(deliveries.map(({ outcome }) => outcome)).toEqual([...small.map(() => 'deferred'), 'delivered']);
  expect(small.map(requestsFor)).toEqual(small.map(() => 0));
  await expect(deliver([...small, large('never')])).rejects.toMatchObject({ code: 'DeliveryTooLarge' });
});

test('an envelope that the dead-letter queue does not accept is received again', async () => {
  const { deliveries, deadLetters, receiveOnce, fail, heal } = await createSettlingStory(servers);
  await deliveries.send({ body: envelopeOf('never', maxMessageBytes).body, attributes: {} });
  fail('SendMessage', deadLetters, { status: 503, body: { __type: 'ServiceUnavailable' } });
  expect((await receiveOnce()).failures).toHaveLength(1);
  heal();
  expect((await receiveOnce()).failures).toEqual([]);
  expect(await deadLetters.count()).toBe(1);
});
