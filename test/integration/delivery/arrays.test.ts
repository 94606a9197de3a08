import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';

test('one bad event of an array of 500 costs one dead letter, through deliver and through the delivery queue', async () => {
  const endpoint = await ownEndpoint();
  const stack = await ownStack();
  const { sqs, events, lambda } = ownClients(stack);
  const InvocationRateLimitPerSecond = 100_000;
  await createDestination(events, 'orders', { InvocationEndpoint: endpoint.origin, InvocationRateLimitPerSecond });
  const arrayOf = (door: string) =>
    JSON.stringify(
      Array.from({ length: 500 }, (_, index) => {
        const event = { id: `${door}-${index}` };
        return index === 250 ? event : { apiDestination: 'orders', event };
      }),
    );
  const urlOf = (name: string) => `${stack.url}/123456789012/lastmile-local-${name}`;

  await sqs.send(new SendMessageCommand({ QueueUrl: urlOf('deliveries'), MessageBody: arrayOf('queue') }));
  const invoked = await lambda.send(
    new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload: arrayOf('deliver') }),
  );
  const { deliveries } = JSON.parse(invoked.Payload?.transformToString() ?? '') as {
    readonly deliveries: readonly { readonly outcome: string }[];
  };
  const outcomes = Map.groupBy(deliveries, ({ outcome }) => outcome);
  expect([outcomes.get('deferred')?.length, outcomes.get('dead-lettered')?.length]).toEqual([499, 1]);

  const keys = () => new Set(endpoint.requests.map(({ headers }) => headers['idempotency-key']));
  await expect.poll(() => keys().size, { timeout: 60_000 }).toBe(998);
  const letters = new Set<string | undefined>();
  while (letters.size < 2) {
    const asked = { QueueUrl: urlOf('dead-letters'), WaitTimeSeconds: 20, MaxNumberOfMessages: 10 };
    for (const { Body } of (await sqs.send(new ReceiveMessageCommand(asked))).Messages ?? []) letters.add(Body);
  }
  expect([...letters].toSorted()).toEqual(['{"id":"deliver-250"}', '{"id":"queue-250"}']);
});
