import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { isJsonObject } from '../../../../lib/core/input/json.ts';
import { batchSize } from '../../../../lib/core/message/sqs-event.ts';
import { ServiceError } from '../../../../lib/core/failure/service-error.ts';
import { lastmileModel } from '../../../../lib/protocol/model/service-models.ts';
import { readLastmileInput } from '../../../../lib/protocol/routes.ts';
import { shapeOf } from '../../../../lib/protocol/model/service-model.ts';
import type { World } from '../world.ts';
import { basicInput, createWorld, someonesSecret } from '../world.ts';

let world: World;

beforeAll(async () => {
  world = createWorld({ onRead: async () => someonesSecret });
  const { ConnectionArn = '' } = await world.call('CreateConnection', basicInput);
  const endpoint = { InvocationEndpoint: 'https://example.com/orders', HttpMethod: 'POST' };
  await world.call('CreateApiDestination', { Name: 'sink', ConnectionArn, ...endpoint });
});

/** Runs both stages of validation and the operation. */
async function put(operation: string, input: JsonObject): Promise<JsonObject> {
  return await world.call(operation, readLastmileInput(operation, input));
}

const secretArn = fc
  .stringMatching(/^[A-Za-z0-9/_+=.@!-]{1,20}$/)
  .map((name) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}`);
const host = fc.domain();

const deliveryPolicies = fc
  .record(
    {
      TimeoutSeconds: fc.double({ min: 0.1, max: 52, noNaN: true }),
      MaximumConcurrency: fc.integer({ min: 1, max: 10_000 }),
      MaximumConcurrencyPerWorker: fc.integer({ min: 1, max: 1000 }),
      Burst: fc.integer({ min: 1, max: 1000 }),
      InvocationRateLimit: fc.constant('NONE'),
      RetryPolicy: fc.record(
        {
          MaximumRetryAttempts: fc.integer({ min: 0, max: 185 }),
          MaximumEventAgeInSeconds: fc.integer({ min: 60, max: 86_400 }),
        },
        { requiredKeys: [] },
      ),
      RetryableStatuses: fc.array(fc.oneof(fc.integer({ min: 100, max: 199 }), fc.integer({ min: 300, max: 599 })), {
        minLength: 1,
        maxLength: 50,
      }),
      Transformer: fc.record({
        Type: fc.constant('JSONATA'),
        Expression: fc.oneof(
          fc.string({ maxLength: 100 }).map((text) => JSON.stringify(text)),
          fc.constantFrom('{% detail %}', '$events.SystemMetadata', '{"a": $uuid()}'),
        ),
      }),
      Format: fc.constantFrom('CLOUDEVENTS_BINARY', 'CLOUDEVENTS_STRUCTURED'),
      Batch: fc.record(
        {
          Format: fc.constantFrom('JSON_ARRAY', 'NDJSON', 'CLOUDEVENTS_BATCH'),
          MaximumSize: fc.integer({ min: 1, max: batchSize }),
        },
        { requiredKeys: ['Format'] },
      ),
      WebhookRequestOrigin: host,
      Order: fc.constant('PER_GROUP'),
      OrderGroupPath: fc.constantFrom('$', '$.detail.orderId', "$['a b'][0]"),
      Signing: fc.record({ SecretArn: secretArn }),
      ClientCertificateSecretArn: secretArn,
      CaCertificateSecretArn: secretArn,
      ServerName: host,
      ProxyUrl: host.map((name) => `http://${name}:3128`),
    },
    { requiredKeys: [] },
  )
  .map(({ OrderGroupPath, ...policy }) =>
    policy.Order === undefined || OrderGroupPath === undefined ? policy : { ...policy, OrderGroupPath },
  )
  // Batch excludes Format and Order.
  .map(({ Batch, ...policy }) =>
    Batch === undefined || policy.Format !== undefined || policy.Order !== undefined ? policy : { ...policy, Batch },
  );
const connectionPolicies = fc.record(
  {
    AllowedHosts: fc.array(
      fc.oneof(
        host,
        host.map((name) => `*.${name}`),
        fc.ipV4(),
      ),
      { minLength: 1, maxLength: 50 },
    ),
    SecretArn: secretArn,
  },
  { requiredKeys: [] },
);

const kinds = [
  { policy: 'DeliveryPolicy', named: { ApiDestinationName: 'sink' }, policies: deliveryPolicies },
  { policy: 'ConnectionPolicy', named: { ConnectionName: 'orders' }, policies: connectionPolicies },
];

test.each(kinds)('every valid $policy is stored, and its Get answer can be put again unchanged', async (kind) => {
  const { policy, named, policies } = kind;
  await fc.assert(
    fc.asyncProperty(policies as fc.Arbitrary<JsonObject>, async (members) => {
      const answer = await put(`Put${policy}`, { ...named, ...members });
      const given = Object.keys(members).filter((name) => !isEmptyObject(members[name]));
      expect(Object.keys(answer)).toEqual(expect.arrayContaining(given));
      expect(await put(`Get${policy}`, named)).toEqual(answer);
      expect(await put(`Put${policy}`, answer)).toEqual(answer);
    }),
    { numRuns: 200 },
  );
});

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

/** Texts that match the patterns of the service model but are invalid. */
const nearly = fc.oneof(
  fc.constantFrom(
    'http://[',
    'http://a:99999',
    'http://%zz',
    'http://:1',
    '[::',
    '*.',
    '..',
    '*',
    'xn--',
    '[::1',
    204,
    1e308,
  ),
  fc.stringMatching(/^https?:\/\/[!-.:-~]{1,8}$/),
  fc.stringMatching(/^[!-~]{1,8}$/),
);
const anything = fc.oneof(nearly, fc.array(nearly, { minLength: 1, maxLength: 3 }), fc.jsonValue({ maxDepth: 2 }));

test.each(kinds)(
  "every invalid input for a $policy is refused as the client's fault, never with an internal error",
  async ({ policy, named }) => {
    const operation = `Put${policy}`;
    const shape = shapeOf(lastmileModel, `${operation}Request`);
    const names = shape.type === 'structure' ? Object.keys(shape.members) : [];
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 2 }), async (members) => {
        const input = { ...named, ...(members as JsonObject) };
        const failure = await put(operation, input).catch((error: unknown) => error);
        if (!(failure instanceof Error)) return;
        expect(failure).toBeInstanceOf(ServiceError);
        refused += 1;
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
  },
);

test('a batch of more events than an invocation attempts at once is refused', async () => {
  const Batch = { Format: 'NDJSON', MaximumSize: batchSize + 1 };
  await expect(put('PutDeliveryPolicy', { ApiDestinationName: 'sink', Batch })).rejects.toThrow(
    "Value '11' at 'batch.maximumSize' failed to satisfy constraint: Member must have value less than or equal to 10",
  );
});
