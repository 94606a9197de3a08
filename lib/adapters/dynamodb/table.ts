import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** The partitions of connections and API destinations in the table. */
export const connectionPartition = 'CONNECTION';
export const apiDestinationPartition = 'API_DESTINATION';

/** The index of API destinations by the ARN of their connection, sorted by name. */
export const byConnectionIndex = 'by-connection';

/** DynamoDB removes expired items by this attribute, with a delay. Conditions and reads check the expiry themselves. */
export const timeToLiveAttribute = 'ttl';

/**
 * The table as a CreateTable request, for the local stack and for tests. A deployment declares the same table in its template.
 * Connections have a `name` too, but no `connectionArn`, so only API destinations are in the index.
 */
export function tableDefinition(tableName: string): CreateTableCommandInput {
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      { AttributeName: 'connectionArn', AttributeType: 'S' },
      { AttributeName: 'name', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: byConnectionIndex,
        KeySchema: [
          { AttributeName: 'connectionArn', KeyType: 'HASH' },
          { AttributeName: 'name', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  };
}
