import type { ApiDestination, Connection, EventBridgeState, Rule, Target } from '../../../lib/adopt/descriptions.ts';

const prefix = 'arn:aws:events:eu-central-1:123456789012';
export const queueArn = 'arn:aws:sqs:eu-central-1:123456789012:lastmile-prod-deliveries';

export function connectionArn(name: string): string {
  return `${prefix}:connection/${name}/11111111-1111-1111-1111-111111111111`;
}

export function destinationArn(name: string): string {
  return `${prefix}:api-destination/${name}/22222222-2222-2222-2222-222222222222`;
}

export function secretArn(name: string): string {
  return `arn:aws:secretsmanager:eu-central-1:123456789012:secret:events!connection/${name}/33333333-a1b2c3`;
}

export function connection(name: string, more: Partial<Connection> = {}): Connection {
  return {
    name,
    arn: connectionArn(name),
    authorizationType: 'API_KEY',
    secretArn: secretArn(name),
    authParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key' } },
    isPrivate: false,
    ...more,
  };
}

export function destination(name: string, more: Partial<ApiDestination> = {}): ApiDestination {
  return {
    name,
    arn: destinationArn(name),
    connectionArn: connectionArn('shop'),
    invocationEndpoint: `https://api.example.com/${name}`,
    httpMethod: 'POST',
    invocationRateLimitPerSecond: 50,
    ...more,
  };
}

export function target(id: string, more: object = {}): Target {
  return { Id: id, Arn: destinationArn('orders'), RoleArn: 'arn:aws:iam::123456789012:role/events', ...more };
}

export function rule(name: string, targets: readonly Target[], more: Partial<Rule> = {}): Rule {
  return { eventBusName: 'default', name, targets, ...more };
}

/** One connection `shop`, one API destination `orders`, and the given rules. */
export function eventBridge(rules: readonly Rule[], more: Partial<EventBridgeState> = {}): EventBridgeState {
  return {
    partition: 'aws',
    region: 'eu-central-1',
    account: '123456789012',
    connections: [connection('shop')],
    destinations: [destination('orders')],
    rules,
    ...more,
  };
}

const oauthParameters = {
  OAuthParameters: {
    ClientParameters: { ClientID: 'id' },
    OAuthHttpParameters: { BodyParameters: [{ Key: 'scope', Value: 'orders', IsValueSecret: false }] },
  },
  InvocationHttpParameters: {
    HeaderParameters: [
      { Key: 'x-a', IsValueSecret: true },
      { Key: 'x-b', IsValueSecret: true },
    ],
  },
};

/** Two authorization types, a name with a dot, and a rule that cannot be moved. */
export const variedEventBridge = eventBridge(
  [
    rule('placed', [target('t1', { Input: '"${name}"' }), target('t2', { Arn: destinationArn('crm.eu') })]),
    rule('odd', [target('odd', { InputTransformer: { InputTemplate: '"{{a}}"' } })]),
  ],
  {
    connections: [
      connection('shop'),
      connection('crm', { authorizationType: 'OAUTH_CLIENT_CREDENTIALS', authParameters: oauthParameters }),
    ],
    destinations: [destination('orders'), destination('crm.eu', { connectionArn: connectionArn('crm') })],
  },
);
