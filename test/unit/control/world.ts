import { expect } from 'vitest';
import { refusedExpression } from '../../../lib/adapters/jsonata/check-expression.ts';
import type { Caller, Operation } from '../../../lib/control/operation.ts';
import { createHealthOperations } from '../../../lib/control/health/health-operations.ts';
import { createOperations } from '../../../lib/control/operations.ts';
import { createPolicyOperations } from '../../../lib/control/policies/policy-operations.ts';
import { type AddressAllowlist, publicOnly } from '../../../lib/core/address/address.ts';
import type { Connection } from '../../../lib/core/destination/connection.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { CredentialsEvent } from '../../../lib/ports/metrics.ts';
import type { SecretReader } from '../../../lib/ports/delivery.ts';
import { createFaults } from '../../fakes/faults.ts';
import { createInMemoryApiDestinations } from '../../fakes/in-memory-api-destinations.ts';
import type { InMemoryConnections } from '../../fakes/in-memory-connections.ts';
import { createInMemoryConnections } from '../../fakes/in-memory-connections.ts';
import { createInMemoryRateBuckets } from '../../fakes/in-memory-rate-buckets.ts';
import { createInMemorySecrets } from '../../fakes/in-memory-secrets.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

export const caller: Caller = {
  region: 'us-east-1',
  account: '123456789012',
  partition: 'aws',
  requestId: '11111111-2222-3333-4444-555555555555',
};

export interface WorldOptions {
  /** Addresses that are not public and that may be called. Default: none. */
  readonly allowlist?: AddressAllowlist;
  /** Replaces the reading of secrets. Default: reads the fake secret store. */
  readonly onRead?: SecretReader['read'];
  /** Default: true. */
  readonly hasOrderedQueue?: boolean;
  /** Called when a first token is requested, instead of the function authorize-connection. */
  readonly onStart?: (incarnation: string, connections: InMemoryConnections) => Promise<unknown>;
}

/** The operations over stores in memory. Each call of a store can be made to fail. */
export function createWorld(options: WorldOptions = {}) {
  const connections = createInMemoryConnections();
  const apiDestinations = createInMemoryApiDestinations();
  const secrets = createInMemorySecrets();
  const buckets = createInMemoryRateBuckets();
  const clock = createManualClock();
  const faults = createFaults();
  const started: string[] = [];
  const told: CredentialsEvent[] = [];
  let uuids = 0;
  const dependencies = {
    connections: faults.wrap('connections', connections),
    apiDestinations: faults.wrap('apiDestinations', apiDestinations),
    secretWriter: faults.wrap('secrets', secrets),
    secretReader: faults.wrap('secrets', { read: options.onRead ?? secrets.read }),
    authorizer: faults.wrap('authorizer', {
      async start({ incarnation }: { readonly incarnation: string }) {
        started.push(incarnation);
        await options.onStart?.(incarnation, connections);
      },
    }),
    credentialsLog: { record: (event: CredentialsEvent) => void told.push(event) },
    clock,
    newUuid() {
      uuids += 1;
      return `00000000-0000-0000-0000-${String(uuids).padStart(12, '0')}`;
    },
    secretPrefix: 'lastmile/test/connection/',
    allowlist: options.allowlist ?? publicOnly,
    functionTimeoutSeconds: 60,
    checkExpression: async (expression: string) => refusedExpression(expression),
    hasOrderedQueue: options.hasOrderedQueue ?? true,
    buckets: faults.wrap('buckets', buckets),
    batchSize: 10,
    invocations: 50,
    requestTimeoutMs: 5000,
  };
  const operations = {
    ...createOperations(dependencies),
    ...createPolicyOperations(dependencies),
    ...createHealthOperations(dependencies),
  };

  async function call(name: string, input: JsonObject): Promise<JsonObject> {
    const operation = (operations as Readonly<Record<string, Operation>>)[name];
    if (operation === undefined) throw new Error(`There is no operation ${name}.`);
    return operation(input, caller);
  }

  /** The value of the connection's secret, in the version that the connection uses. */
  async function secretInForce(name: string): Promise<unknown> {
    const { secretArn = '', secretVersion = '' } = (await connections.read(name)) ?? {};
    const value = await secrets.read(secretArn, secretVersion);
    return value === undefined ? undefined : JSON.parse(value.text);
  }

  /** Every secret has a connection that names it, and every usable connection has its secret. */
  async function expectConsistent(): Promise<void> {
    const stored = connections.all();
    for (const name of secrets.names()) expect(stored.map(({ secretName }) => secretName)).toContain(name);
    for (const connection of stored.filter(isInForce)) {
      expect(await secretInForce(connection.name)).toBeDefined();
    }
  }

  return {
    call,
    dependencies,
    connections,
    apiDestinations,
    secrets,
    buckets,
    clock,
    faults,
    started,
    told,
    secretInForce,
    expectConsistent,
  };
}

export type World = ReturnType<typeof createWorld>;

function isInForce({ state }: Connection): boolean {
  return state === 'AUTHORIZED' || state === 'AUTHORIZING';
}

export const basicInput = {
  Name: 'orders',
  AuthorizationType: 'BASIC',
  AuthParameters: { BasicAuthParameters: { Username: 'someone', Password: 'canary-password' } },
};

export const apiKeyInput = {
  Name: 'orders',
  AuthorizationType: 'API_KEY',
  AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key', ApiKeyValue: 'canary-key' } },
};

export const oauthInput = {
  Name: 'orders',
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  AuthParameters: {
    OAuthParameters: {
      ClientParameters: { ClientID: 'client', ClientSecret: 'canary-secret' },
      AuthorizationEndpoint: 'https://login.example.com/token',
      HttpMethod: 'POST',
    },
  },
};

/** The value of a secret that a connection policy may name for a connection of type BASIC. */
export const someonesSecret = {
  version: 'version-of-someone',
  text: '{"username":"someone","password":"canary-password"}',
};
