import type {
  DynamoDBClient,
  GetItemCommandInput,
  GetItemCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../ports/clock.ts';
import { everyClient } from '../aws/clients.ts';
import { createJsonCalls } from '../aws/json-calls.ts';
import type { ConnectionLimits } from '../aws/undici-connections.ts';
import type { ServiceSettings } from '../aws/service-settings.ts';

/** The operations of the table that a worker calls for each batch. They reject with the errors of the AWS client. */
export interface TableCalls {
  updateItem(input: UpdateItemCommandInput, signal: AbortSignal): Promise<Pick<UpdateItemCommandOutput, 'Attributes'>>;
  getItem(input: GetItemCommandInput, signal: AbortSignal): Promise<Pick<GetItemCommandOutput, 'Item'>>;
}

/** For functions that call the table rarely. */
export function createClientTableCalls(client: DynamoDBClient): TableCalls {
  return {
    updateItem: (input, abortSignal) => client.send(new UpdateItemCommand(input), { abortSignal }),
    getItem: (input, abortSignal) => client.send(new GetItemCommand(input), { abortSignal }),
  };
}

const defaultLimits: ConnectionLimits = {
  connectTimeoutMs: everyClient.requestHandler.connectionTimeout,
  requestTimeoutMs: everyClient.requestHandler.requestTimeout,
};

/**
 * For workers. Binary attributes stay in base64, because the items that these calls are for have none.
 *
 * @param settings the configuration of the client for DynamoDB
 * @param limits default: as those of every client
 */
export function createSignedTableCalls(
  settings: ServiceSettings,
  tableName: string,
  clock: Clock,
  limits: ConnectionLimits = defaultLimits,
): TableCalls {
  const call = createJsonCalls({ settings, target: 'DynamoDB_20120810', resource: tableName, limits, clock });
  return {
    updateItem: (input, signal) => call('UpdateItem', input, signal),
    getItem: (input, signal) => call('GetItem', input, signal),
  };
}
