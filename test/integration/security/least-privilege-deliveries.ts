import { CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import { sqsRecord } from '../../../lib/local/sqs/receive.ts';
import { basic, basicText, oauth, settled } from './least-privilege-calls.ts';
import type { PrivilegeStory } from './least-privilege-story.ts';
import { account, region, teamQueueArn } from './least-privilege-story.ts';

/** Makes one of the two functions deliver events with every possible outcome. */
export async function deliver(story: PrivilegeStory, functionName: 'deliver' | 'deliver-queued'): Promise<void> {
  const { events, createDestination, tokenUrl } = story;
  const arnOf = async (kind: 'BASIC' | 'OAUTH_CLIENT_CREDENTIALS', AuthParameters: object) => {
    const Name = `${functionName}-${kind}`;
    const created = await events.send(new CreateConnectionCommand({ Name, AuthorizationType: kind, AuthParameters }));
    await settled(events, Name);
    return created.ConnectionArn;
  };
  const [basicArn, oauthArn] = [
    await arnOf('BASIC', basic('first')),
    await arnOf('OAUTH_CLIENT_CREDENTIALS', oauth(tokenUrl, 'first')),
  ];
  const name = (end: string) => `${functionName}-${end}`;
  const named = { Name: name('named'), AuthorizationType: 'BASIC', AuthParameters: basic('first') } as const;
  const { ConnectionArn: namedArn } = await events.send(new CreateConnectionCommand(named));
  await createDestination(name('named'), namedArn, 200);
  const SecretArn = await story.keepCredentials(basicText);
  await story.control('PutConnectionPolicy', { ConnectionName: name('named'), SecretArn });
  // A new version of the secret, so that this function is the first to adopt it.
  await story.keepCredentials(basicText);
  for (const status of [200, 400, 401, 503]) await createDestination(name(String(status)), basicArn, status);
  await createDestination(name('token'), oauthArn, 200);
  await createDestination(name('signed'), basicArn, 200);
  const Signing = { SecretArn: story.teamSecretArn };
  await story.control('PutDeliveryPolicy', { ApiDestinationName: name('signed'), Signing });
  await story.takeSlots(await createDestination(name('paced'), basicArn, 200));
  await createDestination(name('ordered'), basicArn, 200);
  await story.control('PutDeliveryPolicy', { ApiDestinationName: name('ordered'), Order: 'PER_GROUP' });
  const envelopes = Object.keys(ends).map((end) => envelope(name(end)));
  const target = { Id: 'target', DeadLetterConfig: { Arn: teamQueueArn } };
  envelopes.push({ ...envelope(name('400')), target });
  if (functionName === 'deliver') return deliverEach(story, envelopes);
  await deliverMessages(story, envelopes);
  await deliverInOrder(story, [envelope(name('200')), envelope(name('503'))]);
}

/** The expected outcome of an event, by the last part of its destination's name. */
const ends: Readonly<Record<string, string>> = {
  '200': 'delivered',
  '400': 'dead-lettered',
  '401': 'deferred',
  '503': 'deferred',
  token: 'delivered',
  signed: 'delivered',
  named: 'delivered',
  paced: 'deferred',
  ordered: 'deferred',
};

interface Envelope {
  readonly apiDestination: string;
  readonly event: object;
  readonly target?: object;
}

function envelope(apiDestination: string): Envelope {
  return { apiDestination, event: { id: `event-of-${apiDestination}` } };
}

/** Invokes deliver once for each event, as EventBridge does for a rule's target. */
async function deliverEach({ invoke }: PrivilegeStory, envelopes: readonly Envelope[]): Promise<void> {
  for (const each of envelopes) {
    const { outcome } = (await invoke('deliver', each)) as { outcome: string };
    const expected = ends[each.apiDestination.split('-').at(-1) ?? ''];
    if (outcome !== expected) throw new Error(`${each.apiDestination}: ${outcome}, not ${expected}.`);
  }
}

/** Invokes deliver-queued with a batch, as Lambda does. The batch also has a message of a newer version. */
async function deliverMessages({ invoke }: PrivilegeStory, envelopes: readonly Envelope[]): Promise<void> {
  const newer = { DataType: 'String', StringValue: JSON.stringify({ v: 1000, firstReceivedAt: Date.now() }) };
  const Records = [
    ...envelopes.map((each, index) => recordOf(deliveryQueue, String(index), JSON.stringify(each), {})),
    recordOf(deliveryQueue, 'newer', '{}', { LASTMILE: newer }),
  ];
  const { batchItemFailures } = (await invoke('deliver-queued', { Records })) as { batchItemFailures: unknown[] };
  if (batchItemFailures.length > 0) throw new Error('Not all of the batch has settled.');
}

const deliveryQueue = 'lastmile-local-deliveries';

/** Invokes deliver-queued with messages of one group in the FIFO queue: one that is delivered, and one that must wait once more. */
async function deliverInOrder({ invoke }: PrivilegeStory, envelopes: readonly Envelope[]): Promise<void> {
  const attributes = { MessageGroupId: 'group', ApproximateReceiveCount: '2' };
  const Records = envelopes.map((each, index) =>
    recordOf('lastmile-local-ordered-deliveries.fifo', `ordered-${index}`, JSON.stringify(each), {}, attributes),
  );
  const { batchItemFailures } = (await invoke('deliver-queued', { Records })) as { batchItemFailures: unknown[] };
  if (batchItemFailures.length !== 1) throw new Error(`${batchItemFailures.length} messages wait, not 1.`);
}

function recordOf(queueName: string, MessageId: string, Body: string, MessageAttributes: object, Attributes = {}) {
  const message = { MessageId, ReceiptHandle: 'none', Body, MD5OfBody: '', Attributes, MessageAttributes };
  return sqsRecord(message, { account, region, queueName });
}
