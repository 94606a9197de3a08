import { InvokeCommand } from '@aws-sdk/client-lambda';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { printedEvent } from '../core/json-text.ts';
import { parseQueueMessage } from '../core/queued-delivery.ts';
import type { StackClients } from './soak-stack.ts';

export const apiDestination = 'soak';

export type Way = 'invoke' | 'queue';

/** The event's JSON text; what arrives must be this, byte for byte. */
export function eventText(id: string): string {
  return JSON.stringify({ id, 'detail-type': 'Soak', detail: { text: `Zoë \u{1F600} ${id}` } });
}

/** @returns the event's id; undefined when the text is no event of ours, or not as it was sent */
export function idIn(text: string): string | undefined {
  const id = /^\{"id":"([^"]+)"/.exec(text)?.[1];
  return id !== undefined && eventText(id) === text ? id : undefined;
}

/** A third of the events may be retried once only, so that some end in the dead letters. */
function targetOf(number: number): string {
  return JSON.stringify(number % 3 === 0 ? { Id: 'soak', RetryPolicy: { MaximumRetryAttempts: 1 } } : { Id: 'soak' });
}

/** Hands an event over; resolves when the stack has answered for it. */
export async function sendEvent(stack: StackClients, id: string, number: number, way: Way): Promise<void> {
  const envelope = `{"apiDestination":"${apiDestination}","event":${eventText(id)},"target":${targetOf(number)}}`;
  if (way === 'queue') {
    await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.queueUrl('deliveries'), MessageBody: envelope }));
    return;
  }
  const invocation = { FunctionName: 'deliver', InvocationType: 'Event', Payload: envelope } as const;
  const { StatusCode } = await stack.lambda.send(new InvokeCommand(invocation));
  if (StatusCode !== 202) throw new Error(`Invoke answered ${StatusCode}.`);
}

/** Whether a failed call was answered; only its error can say so. */
export function wasAnswered(error: unknown): boolean {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const isObject = typeof metadata === 'object' && metadata !== null;
  return isObject && 'httpStatusCode' in metadata && metadata.httpStatusCode !== undefined;
}

/** Takes every dead letter that is visible out of its queue. */
export async function takeDeadLetters(stack: StackClients, found: (text: string) => void): Promise<void> {
  const QueueUrl = stack.queueUrl('dead-letters');
  const receive = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
  for (;;) {
    const { Messages = [] } = await stack.sqs.send(new ReceiveMessageCommand(receive));
    if (Messages.length === 0) return;
    for (const { Body = '', MessageAttributes = {} } of Messages) {
      const attributes = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]);
      found(eventIn({ body: Body, attributes: Object.fromEntries(attributes) as Record<string, string> }));
    }
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await stack.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

/** Every form of dead letter holds a delivery that could begin anew. */
function eventIn(message: Parameters<typeof parseQueueMessage>[0]): string {
  const { event } = parseQueueMessage(message, { apiDestination: undefined, nowMs: 0 }).delivery;
  return printedEvent(event);
}
