import { afterAll, beforeAll, inject } from 'vitest';
import type { AwsClientConfig } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import type { TableCalls } from '../../../lib/adapters/dynamodb/table-calls.ts';
import { createClientTableCalls } from '../../../lib/adapters/dynamodb/client-table-calls.ts';
import { createSignedTableCalls } from '../../../lib/adapters/dynamodb/table-calls.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { ApiDestination } from '../../../lib/core/destination/api-destination.ts';
import type { Connection } from '../../../lib/core/destination/connection.ts';
import type { DynaliteServer } from '../../servers/aws/dynalite-server.ts';
import { startDynaliteServer } from '../../servers/aws/dynalite-server.ts';

/** One database for all tests of a file: an embedded one, or moto in `npm run test:moto`. */
export function useDynalite() {
  const running: { server?: DynaliteServer } = {};
  beforeAll(async () => {
    running.server = await startDynaliteServer(inject('moto'));
  });
  afterAll(() => running.server?.stop());
  return {
    get server(): DynaliteServer {
      if (running.server === undefined) throw new Error('The embedded database has not been started.');
      return running.server;
    },
    client() {
      return createDynamoDbClient(this.server.clientConfig);
    },
    /** The two ways to call the table. They must not differ. */
    tableCalls(): Readonly<Record<TableCallsName, TableCalls>> {
      return tableCallsOf(this.server.clientConfig, this.server.tableName);
    },
  };
}

export const tableCallsNames = ['calls of the AWS client', 'signed calls'] as const;

export type TableCallsName = (typeof tableCallsNames)[number];

export function tableCallsOf(config: AwsClientConfig, tableName: string): Readonly<Record<TableCallsName, TableCalls>> {
  const client = createDynamoDbClient(config);
  return {
    'calls of the AWS client': createClientTableCalls(client),
    'signed calls': createSignedTableCalls(client.config, tableName, systemClock),
  };
}

const account = 'arn:aws:events:us-east-1:123456789012';

export function connectionOf(name: string, members: Partial<Connection> = {}): Connection {
  const incarnation = members.incarnation ?? `${name}-1`;
  return {
    name,
    arn: `${account}:connection/${name}/${incarnation}`,
    incarnation,
    state: 'AUTHORIZED',
    authorizationType: 'BASIC',
    secretName: `lastmile/test/connection/${name}/secret`,
    secretArn: `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}`,
    secretVersion: 'version-1',
    visibleAuthParameters: { BasicAuthParameters: { Username: 'someone' } },
    creationTimeMs: 1_000,
    lastModifiedTimeMs: 2_000,
    revision: 1,
    ...members,
  };
}

export function apiDestinationOf(name: string, members: Partial<ApiDestination> = {}): ApiDestination {
  const incarnation = members.incarnation ?? `${name}-1`;
  return {
    name,
    arn: `${account}:api-destination/${name}/${incarnation}`,
    incarnation,
    connectionArn: `${account}:connection/orders/1`,
    invocationEndpoint: 'https://example.com/*',
    httpMethod: 'POST',
    invocationRateLimitPerSecond: 300,
    creationTimeMs: 1_000,
    lastModifiedTimeMs: 2_000,
    revision: 1,
    ...members,
  };
}
