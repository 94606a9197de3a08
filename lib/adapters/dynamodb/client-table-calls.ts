import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { TableCalls } from './table-calls.ts';

/** For functions that call the table rarely. */
export function createClientTableCalls(client: DynamoDBClient): TableCalls {
  return {
    updateItem: (input, abortSignal) => client.send(new UpdateItemCommand(input), { abortSignal }),
    getItem: (input, abortSignal) =>
      client.send(new GetItemCommand(input), abortSignal === undefined ? {} : { abortSignal }),
  };
}
