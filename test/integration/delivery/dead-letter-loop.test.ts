import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SendMessageRequest,
} from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';

const arnOf = (queueName: string) => `arn:aws:sqs:us-east-1:123456789012:${queueName}`;

/** A stack whose only endpoint refuses everything. */
async function start() {
  const endpoint = await ownEndpoint(() => ({ status: 400 }));
  const stack = await ownStack();
  const { sqs, events } = ownClients(stack);
  await createDestination(events, 'orders', { InvocationEndpoint: endpoint.origin });
  await sqs.send(new CreateQueueCommand({ QueueName: 'forwarded' }));
  const urlOf = (queueName: string) => `${stack.url}/123456789012/${queueName}`;
  const deliveries = urlOf('lastmile-local-deliveries');
  return {
    endpoint,
    async deliver(deadLetterArn: string): Promise<void> {
      const target = { Id: 't', DeadLetterConfig: { Arn: deadLetterArn } };
      const envelope = { apiDestination: 'orders', event: { id: 'e-1' }, target };
      await sqs.send(new SendMessageCommand({ QueueUrl: deliveries, MessageBody: JSON.stringify(envelope) }));
    },
    /** Waits for a message and removes it. */
    async take(queueName: string): Promise<Message> {
      const QueueUrl = urlOf(queueName);
      for (;;) {
        const all = { MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['MessageGroupId' as const] };
        const asked = { QueueUrl, WaitTimeSeconds: 20, ...all };
        const [message] = (await sqs.send(new ReceiveMessageCommand(asked))).Messages ?? [];
        if (message === undefined) continue;
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
        return message;
      }
    },
    /** Sends a message to the delivery queue as SQS would move it. */
    async forward({ Body, MessageAttributes }: Message): Promise<void> {
      const moved: SendMessageRequest = { QueueUrl: deliveries, MessageBody: Body, MessageAttributes };
      await sqs.send(new SendMessageCommand(moved));
    },
  };
}

const reasonOf = ({ MessageAttributes }: Message) => MessageAttributes?.['ERROR_MESSAGE']?.StringValue;
const detailsOf = ({ MessageAttributes }: Message) => JSON.parse(MessageAttributes?.['LASTMILE']?.StringValue ?? '{}');

test("an event goes to the stack's dead letters after one attempt when its target names the delivery queue for dead letters", async () => {
  const { endpoint, deliver, take } = await start();
  await deliver(arnOf('lastmile-local-deliveries'));
  const message = await take('lastmile-local-dead-letters');
  expect(reasonOf(message)).toMatch(/target\.DeadLetterConfig names the delivery queue\.$/);
  expect(message.Attributes).toMatchObject({ MessageGroupId: 'orders' });
  expect(endpoint.requests).toHaveLength(1);
});

test("a dead letter that returns to the delivery queue each time goes to the stack's dead letters after four attempts", async () => {
  const { endpoint, deliver, take, forward } = await start();
  await deliver(arnOf('forwarded'));
  for (const redrives of [undefined, 1, 2]) {
    const message = await take('forwarded');
    expect(detailsOf(message).redrives).toBe(redrives);
    await forward(message);
  }
  const last = await take('lastmile-local-dead-letters');
  expect(reasonOf(last)).toMatch(/The event came back 3 times from the dead letters/);
  expect(endpoint.requests).toHaveLength(4);
});
