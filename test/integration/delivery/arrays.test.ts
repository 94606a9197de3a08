import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';

test('one bad event of an array of 500 costs one dead letter, in 6 MB through deliver and in 1 MiB through the delivery queue', async () => {
  const endpoint = await ownEndpoint();
  const stack = await ownStack();
  const { sqs, events, lambda } = ownClients(stack);
  const InvocationRateLimitPerSecond = 100_000;
  await createDestination(events, 'orders', { InvocationEndpoint: endpoint.origin, InvocationRateLimitPerSecond });
  const arrayOf = (door: string, bytesEach: number) =>
    JSON.stringify(
      Array.from({ length: 500 }, (_, index) => {
        const event = { id: `${door}-${index}`, text: 'x'.repeat(bytesEach) };
        return index === 250 ? event : { apiDestination: 'orders', event };
      }),
    );
  const urlOf = (name: string) => `${stack.url}/123456789012/lastmile-local-${name}`;

  await sqs.send(new SendMessageCommand({ QueueUrl: urlOf('deliveries'), MessageBody: arrayOf('queue', 2000) }));
  const invoked = await lambda.send(
    new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload: arrayOf('deliver', 11_900) }),
  );
  const { deliveries } = JSON.parse(invoked.Payload?.transformToString() ?? '') as {
    readonly deliveries: readonly { readonly outcome: string }[];
  };
  const outcomes = Map.groupBy(deliveries, ({ outcome }) => outcome);
  expect([outcomes.get('deferred')?.length, outcomes.get('dead-lettered')?.length]).toEqual([499, 1]);

  const keys = () => new Set(endpoint.requests.map(({ headers }) => headers['idempotency-key']));
  await expect.poll(() => keys().size, { timeout: 100_000 }).toBe(998);
  const letters = new Set<string>();
  while (letters.size < 2) {
    const asked = { QueueUrl: urlOf('dead-letters'), WaitTimeSeconds: 20, MaxNumberOfMessages: 10 };
    for (const { Body = '' } of (await sqs.send(new ReceiveMessageCommand(asked))).Messages ?? []) {
      letters.add((JSON.parse(Body) as { readonly id: string }).id);
    }
  }
  expect([...letters].toSorted()).toEqual(['deliver-250', 'queue-250']);
});
