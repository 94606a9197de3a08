import { CreateTableCommand, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
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

/** @param running the endpoint of a DynamoDB that already runs, to be used instead of dynalite */
export async function startDynaliteServer(running?: string): Promise<DynaliteServer> {
  const server = running === undefined ? await listeningDynalite() : undefined;
  const address = server?.address() as AddressInfo | undefined;
  const endpoint = running ?? `http://127.0.0.1:${address?.port}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const clientConfig = { region: 'us-east-1', endpoint, credentials };
  const client = createDynamoDbClient(clientConfig);
  async function newTable(): Promise<string> {
    const tableName = `lastmile-test-${randomUUID()}`;
    await client.send(new CreateTableCommand(tableDefinition(tableName))).catch((error: unknown) => {
      // The SDK repeats a call that took too long. No other test uses this name.
      if (!(error instanceof ResourceInUseException)) throw error;
    });
    return tableName;
  }
  return {
    endpoint,
    clientConfig,
    tableName: await newTable(),
    newTable,
    async stop() {
      client.destroy();
      if (server === undefined) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listeningDynalite(): Promise<Server> {
  const server = loadDynalite()({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
