import type {
  GetItemCommandInput,
  GetItemCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../ports/clock.ts';
import { fromAwsError } from '../aws/failures.ts';
import { createJsonCalls } from '../aws/json-calls.ts';
import type { ConnectionLimits } from '../aws/undici-connections.ts';
import { usualLimits } from '../aws/undici-connections.ts';
import type { Item } from './items.ts';
import type { ServiceSettings } from '../aws/service-settings.ts';

/** The operations of the table that a worker calls often. They reject with the errors of the AWS client. */
export interface TableCalls {
  updateItem(input: UpdateItemCommandInput, signal: AbortSignal): Promise<Pick<UpdateItemCommandOutput, 'Attributes'>>;
  getItem(input: GetItemCommandInput, signal?: AbortSignal): Promise<Pick<GetItemCommandOutput, 'Item'>>;
}

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
  limits: ConnectionLimits = usualLimits,
): TableCalls {
  const call = createJsonCalls({ settings, target: 'DynamoDB_20120810', resource: tableName, limits, clock });
  return {
    updateItem: (input, signal) => call('UpdateItem', input, signal),
    getItem: (input, signal) => call('GetItem', input, signal),
  };
}

/**
 * Reads one item, strongly consistently.
 *
 * @param what the action, for the text of a failure, such as `read the connection`
 * @returns undefined when there is no such item
 */
export async function readItemBy(
  calls: Pick<TableCalls, 'getItem'>,
  tableName: string,
  key: { readonly pk: string; readonly sk: string },
  what: string,
): Promise<Item | undefined> {
  try {
    const Key = { pk: { S: key.pk }, sk: { S: key.sk } };
    return (await calls.getItem({ TableName: tableName, Key, ConsistentRead: true })).Item;
  } catch (error) {
    throw fromAwsError(error, what);
  }
}
