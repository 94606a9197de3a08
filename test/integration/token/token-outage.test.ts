import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { expect, onTestFinished, test } from 'vitest';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import type { TokenEndpointAnswer } from '../../servers/oauth/oauth-token-endpoint.ts';
import { startTokenEndpoint } from '../../servers/oauth/oauth-token-endpoint.ts';
import { createBusStory, Growing } from '../bus/bus-story.ts';

test('an event whose token endpoint fails waits in the queue without an attempt, leaves a line with the next try, and arrives when a token is there', async () => {
  const answers: readonly TokenEndpointAnswer[] = [
    { body: { access_token: 'of no use', expires_in: 0 } },
    { status: 503, body: { error: 'temporarily_unavailable' } },
    { body: { access_token: 'healed', expires_in: 3600 } },
  ];
  const tokens = await startTokenEndpoint((_, index) => answers[index] ?? 'reset');
  onTestFinished(() => tokens.close());
  const arrived = new Growing<string>();
  const endpoint = await ownEndpoint(({ headers }) => {
    arrived.push(String(headers['authorization']));
    return undefined;
  });
  const lines = new Growing<string>();
  const stack = await ownStack({ output: { line: (line) => lines.push(line), error: expect.fail } });
  const { events } = ownClients(stack);
  const OAuthParameters = {
    AuthorizationEndpoint: tokens.url,
    ClientParameters: { ClientID: 'client', ClientSecret: 'canary' },
    HttpMethod: 'POST',
  } as const;
  const connection = { Name: 'shop', AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS' } as const;
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({ ...connection, AuthParameters: { OAuthParameters } }),
  );
  const state = async () => (await events.send(new DescribeConnectionCommand({ Name: 'shop' }))).ConnectionState;
  while ((await state()) !== 'AUTHORIZED') await new Promise((resolve) => setImmediate(resolve));
  const settings = { Name: 'orders', HttpMethod: 'POST', InvocationEndpoint: `${endpoint.origin}/` } as const;
  const { ApiDestinationArn: Arn = '' } = await events.send(
    new CreateApiDestinationCommand({ ...settings, ConnectionArn }),
  );

  const story = createBusStory(stack);
  await story.putRule({ Name: 'orders', EventPattern: JSON.stringify({ source: ['shop'] }) }, { Arn });
  await story.put({ Source: 'shop', Detail: '{}' });
  const isDelivered = (line: string) => line.includes('  delivered  orders');
  while (!lines.items.some(isDelivered)) await lines.count(lines.items.length + 1);
  expect(arrived.items).toEqual(['Bearer healed']);
  expect(tokens.requests).toHaveLength(3);
  const failed = /no token {2}connection shop {2}TokenUnavailable: .*503: temporarily_unavailable\. {2}next try /;
  expect(lines.items.filter((line) => failed.test(line))).toHaveLength(1);
  expect(lines.items.find(isDelivered)).toMatch(/ attempt 1 /);
});
