import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { AddressInfo } from 'node:net';
import type { AwsClientConfig } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { tableDefinition } from '../../../lib/adapters/dynamodb/table.ts';
import { loadDynalite } from '../../../lib/local/dynamodb/dynalite-corrections.ts';

/** An embedded DynamoDB in memory, with the stack's table. */
export interface DynaliteServer {
  readonly endpoint: string;
  readonly clientConfig: Required<AwsClientConfig>;
  readonly tableName: string;
  /** Creates another, empty table with the same definition. */
  newTable(): Promise<string>;
  stop(): Promise<void>;
}

export async function startDynaliteServer(): Promise<DynaliteServer> {
  const server = loadDynalite()({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const clientConfig = { region: 'us-east-1', endpoint, credentials };
  const client = createDynamoDbClient(clientConfig);
  let tables = 0;
  async function newTable(): Promise<string> {
    tables += 1;
    const tableName = `lastmile-test-${tables}`;
    await client.send(new CreateTableCommand(tableDefinition(tableName)));
    return tableName;
  }
  return {
    endpoint,
    clientConfig,
    tableName: await newTable(),
    newTable,
    stop() {
      client.destroy();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
