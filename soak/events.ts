import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { printedEvent } from '../lib/core/input/json-text.ts';
import { parseQueueMessage } from '../lib/core/message/queued-delivery.ts';
import { deadEventAgeSeconds, isDead } from './plan.ts';
import type { StackClients } from './stack.ts';

export type Way = 'invoke' | 'queue';

/** The event's JSON text, which must arrive byte for byte. */
export function eventText(id: string): string {
  return JSON.stringify({ id, 'detail-type': 'Soak', detail: { text: `Zoë \u{1F600} ${id}` } });
}

/** @returns the event's id; undefined when the text is not an event of the soak, or was changed on its way */
export function idIn(text: string): string | undefined {
  const id = /^\{"id":"([^"]+)"/.exec(text)?.[1];
  return id !== undefined && eventText(id) === text ? id : undefined;
}

/** The target of an event. One event in three may be retried only once, so that some events end in the dead letters. */
function targetOf({ number, apiDestination }: SentEvent): string {
  const RetryPolicy = {
    ...(number % 3 === 0 && { MaximumRetryAttempts: 1 }),
    ...(isDead(apiDestination) && { MaximumEventAgeInSeconds: deadEventAgeSeconds }),
  };
  return JSON.stringify({ Id: 'soak', RetryPolicy });
}

export interface SentEvent {
  readonly id: string;
  readonly number: number;
  readonly apiDestination: string;
  readonly way: Way;
}

/** Resolves when the stack has accepted the event. */
export async function sendEvent(stack: StackClients, event: SentEvent): Promise<void> {
  const { id, apiDestination, way } = event;
  const envelope = `{"apiDestination":"${apiDestination}","event":${eventText(id)},"target":${targetOf(event)}}`;
  if (way === 'queue') {
    const message = { MessageBody: envelope, MessageGroupId: apiDestination };
    await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.queueUrl('deliveries'), ...message }));
    return;
  }
  const invocation = { FunctionName: 'deliver', InvocationType: 'Event', Payload: envelope } as const;
  const { StatusCode } = await stack.lambda.send(new InvokeCommand(invocation));
  if (StatusCode !== 202) throw new Error(`Invoke answered ${StatusCode}.`);
}

/** The status of the answer to a failed call; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const isObject = typeof metadata === 'object' && metadata !== null;
  const status = isObject && 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** Receives and deletes every dead letter that is visible. */
export async function takeDeadLetters(stack: StackClients, found: (text: string, code: string) => void): Promise<void> {
  const QueueUrl = stack.queueUrl('dead-letters');
  const receive = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
  for (;;) {
    const { Messages = [] } = await stack.sqs.send(new ReceiveMessageCommand(receive));
    if (Messages.length === 0) return;
    for (const { Body = '', MessageAttributes = {} } of Messages) {
      const attributes = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]);
      const named = Object.fromEntries(attributes) as Record<string, string>;
      found(eventIn({ body: Body, attributes: named }), named['ERROR_CODE'] ?? 'none');
    }
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await stack.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

/** Counts the messages in the delivery queue, including those that wait or are in flight. */
export async function countQueued(stack: StackClients): Promise<number> {
  const counts = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ] as const;
  const asked = { QueueUrl: stack.queueUrl('deliveries'), AttributeNames: [...counts] };
  const { Attributes = {} } = await stack.sqs.send(new GetQueueAttributesCommand(asked));
  return counts.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

/** A dead letter of any form can be sent to the delivery queue again, so the parser of queue messages finds its event. */
function eventIn(message: Parameters<typeof parseQueueMessage>[0]): string {
  const { event } = parseQueueMessage(message, { apiDestination: undefined, nowMs: 0 }).delivery;
  return printedEvent(event);
}
