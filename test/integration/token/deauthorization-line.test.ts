import { CreateApiDestinationCommand, CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';

test('the local stack prints a line for a connection that a worker deauthorizes, and no metrics', async () => {
  const lines: string[] = [];
  const endpoint = await ownEndpoint(() => ({ status: 401 }));
  const stack = await ownStack({
    environment: { UNAUTHORIZED_LIMIT: '1', STACK_NAME: 'seen-nowhere' },
    output: { line: (text) => lines.push(text), error: expect.fail },
  });
  const { events, lambda } = ownClients(stack);
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary' } };
  const connection = { Name: 'shop', AuthorizationType: 'BASIC', AuthParameters } as const;
  const { ConnectionArn } = await events.send(new CreateConnectionCommand(connection));
  const destination = {
    Name: 'orders',
    ConnectionArn,
    InvocationEndpoint: endpoint.origin,
    HttpMethod: 'POST',
  } as const;
  await events.send(new CreateApiDestinationCommand(destination));

  const target = { RetryPolicy: { MaximumRetryAttempts: 0 } };
  const Payload = JSON.stringify({ apiDestination: 'orders', event: { id: 'e-1' }, target });
  await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
  expect(lines).toEqual([
    expect.stringMatching(/^[0-9:.]{12} {2}deauthorized {2}connection shop$/),
    expect.stringMatching(/^[0-9:.]{12} {2}dead-lettered {2}orders {2}event e-1 /),
  ]);
});
