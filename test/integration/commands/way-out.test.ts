import { CreateApiDestinationCommand, ListConnectionsCommand } from '@aws-sdk/client-eventbridge';
import { expect, test } from 'vitest';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownStack } from '../../fixtures/stack.ts';

test('the refusal of a private endpoint address names the variable that allows its range', async () => {
  const stack = await ownStack();
  const { events } = ownClients(stack);
  const { ConnectionArn } = await createDestination(events, 'orders', { InvocationEndpoint: 'https://example.com' });
  const create = (host: string) => {
    const InvocationEndpoint = `https://${host}/orders`;
    const input = { Name: 'inside', ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
    return events.send(new CreateApiDestinationCommand(input));
  };
  await expect(create('10.1.2.3')).rejects.toThrow(
    "Reason: Endpoint 'https://10.1.2.3/orders' has an address that may not be called: private. If the address is yours, add its range to the variable PRIVATE_NETWORK_ALLOWLIST of the stack.",
  );
  await expect(create('169.254.169.254')).rejects.toThrow(/may not be called: metadata\.$/);
});

test('a local stack in which the range of an address is allowed accepts an endpoint at that address', async () => {
  const stack = await ownStack({ environment: { PRIVATE_NETWORK_ALLOWLIST: '10.1.0.0/16' } });
  const { events } = ownClients(stack);
  const made = createDestination(events, 'inside', { InvocationEndpoint: 'https://10.1.2.3/orders' });
  await expect(made).resolves.toMatchObject({ ApiDestinationArn: expect.any(String) });
});

test('a stack with --auth answers a caller without an API key with the command that makes one', async () => {
  const stack = await ownStack({ auth: true });
  const { events } = ownClients(stack);
  const command = 'npx lastmile keys create --api control';
  await expect(events.send(new ListConnectionsCommand())).rejects.toThrow(command);
  const headers = { 'x-amz-target': 'AWSEvents.ListConnections', 'content-type': 'application/x-amz-json-1.1' };
  const answer = await fetch(stack.url, { method: 'POST', headers, body: '{}' });
  expect([answer.status, await answer.json()]).toEqual([
    400,
    { __type: 'MissingAuthenticationTokenException', message: expect.stringContaining(command) },
  ]);
});
