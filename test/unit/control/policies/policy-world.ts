import type { JsonObject } from '../../../../lib/core/input/json.ts';
import type { World, WorldOptions } from '../world.ts';
import { basicInput, createWorld, someonesSecret } from '../world.ts';

export const secretArn = (name: string, region = 'us-east-1') =>
  `arn:aws:secretsmanager:${region}:123456789012:secret:${name}-AbCdEf`;

/** The names of the API destination and the connection of `worldWithDestination`, as inputs. */
export const sink = { ApiDestinationName: 'sink' };
export const orders = { ConnectionName: 'orders' };

export async function worldWithDestination(
  connection: JsonObject = basicInput,
  options: WorldOptions = {},
): Promise<World> {
  const world = createWorld({ onRead: async () => someonesSecret, ...options });
  const { ConnectionArn = '' } = await world.call('CreateConnection', connection);
  const endpoint = { InvocationEndpoint: 'https://example.com/orders', HttpMethod: 'POST' };
  await world.call('CreateApiDestination', { Name: 'sink', ConnectionArn, ...endpoint });
  return world;
}

/** Every member of a delivery policy, except Batch, which excludes Format and Order. */
export const everything = {
  TimeoutSeconds: 0.25,
  MaximumConcurrency: 9,
  MaximumConcurrencyPerWorker: 3,
  Burst: 7,
  InvocationRateLimit: 'NONE',
  RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
  RetryableStatuses: [404, 302],
  Transformer: { Type: 'JSONATA', Expression: 'detail' },
  Format: 'CLOUDEVENTS_BINARY',
  WebhookRequestOrigin: 'events.example.com',
  Order: 'PER_GROUP',
  OrderGroupPath: '$.detail.orderId',
  Signing: { SecretArn: secretArn('signing') },
  ClientCertificateSecretArn: secretArn('tls'),
  CaCertificateSecretArn: secretArn('ca'),
  ServerName: 'inner.example.com',
  ProxyUrl: 'http://proxy.example:3128',
};

const { Format: _format, Order: _order, OrderGroupPath: _path, ...others } = everything;

/** Every member of a delivery policy that Batch does not exclude. */
export const inBatches = { ...others, Batch: { Format: 'NDJSON', MaximumSize: 5 } };
