import type { DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import { isWithinRun } from '../../core/destination/unauthorized-run.ts';
import type { RefusedRequest, UnauthorizedRuns } from '../../ports/delivery.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Item } from './items.ts';
import { isReadable, readableVersion, requireReadable, toItem } from './items.ts';
import { readItem } from './reads.ts';
import { isConditionFailure } from './resource-writes.ts';
import { connectionPartition } from './table.ts';
import { isRunThatBeganThen, parseRun, runAttribute } from './connection-item.ts';

type Update = Pick<UpdateItemCommandInput, 'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames'> & {
  readonly values: Item;
};

/** The most writes that are tried for one refusal. A write fails when another worker has begun or ended the run meanwhile. */
const maxWrites = 3;

/**
 * Stores the run of 401s in an attribute of the connection's item, which every worker reads anyway. These writes do not change
 * `revision`, so that they do not conflict with updates of the connection.
 *
 * Failure policy: the SDK repeats a write whose answer was lost, and would count one refusal twice. So every write leaves an id
 * of its own in the item. The condition of a repeated write fails, and the item then has this id, so nothing is counted again.
 * If a refusal of another request was counted between the two writes, the id is gone and the first refusal is counted twice.
 * The limit on the run's duration still holds, because a repeated write does not change the start of the run.
 */
export function createDynamoDbUnauthorizedRuns(client: DynamoDBClient, tableName: string): UnauthorizedRuns {
  /** @returns the item after the write; undefined when the condition failed */
  async function update(name: string, { values, ...change }: Update): Promise<Item | undefined> {
    const command = new UpdateItemCommand({
      TableName: tableName,
      Key: toItem({ pk: connectionPartition, sk: name }),
      ...change,
      ExpressionAttributeValues: { ...values, ...readableVersion },
      ReturnValues: 'ALL_NEW',
    });
    try {
      return (await client.send(command)).Attributes ?? {};
    } catch (error) {
      if (isConditionFailure(error)) return undefined;
      throw fromAwsError(error, 'write the run of refused requests');
    }
  }

  return {
    async add(refused) {
      const { name } = refused.connection;
      const writeId = randomUUID();
      let seen = refused.lastSeen;
      for (let writes = 1; writes <= maxWrites; writes += 1) {
        const change = seen === undefined ? beginning(refused, writeId) : countingUp(refused, writeId);
        const written = await update(name, change);
        if (written !== undefined) return parseRun(written, refused.secretVersion);
        const item = await readItem(client, tableName, { pk: connectionPartition, sk: name }, 'read the connection');
        if (item === undefined) return undefined;
        requireReadable(item, `connection '${name}'`);
        if (!isInForce(item, refused)) return undefined;
        seen = parseRun(item, refused.secretVersion);
        if (seen !== undefined && wroteItself(item, writeId)) return seen;
        if (seen !== undefined && !isWithinRun(seen, refused.requestedAtMs)) return undefined;
      }
      return undefined;
    },

    async end({ name, incarnation }, sinceMs) {
      await update(name, {
        UpdateExpression: `REMOVE ${runAttribute}`,
        ConditionExpression: `incarnation = :incarnation AND ${isRunThatBeganThen} AND ${isReadable}`,
        values: toItem({ ':incarnation': incarnation, ':since': sinceMs }),
      });
    },
  };
}

const inForce = `incarnation = :incarnation AND secretVersion = :secretVersion AND #state = :authorized AND ${isReadable}`;

function beginning(refused: RefusedRequest, writeId: string): Update {
  const run = { secretVersion: refused.secretVersion, count: 1, sinceMs: refused.nowMs, writeId };
  return {
    UpdateExpression: `SET ${runAttribute} = :run`,
    ConditionExpression:
      `${inForce} AND (attribute_not_exists(${runAttribute}) OR ` + `${runAttribute}.secretVersion <> :secretVersion)`,
    ExpressionAttributeNames: { '#state': 'state' },
    values: toItem({ ...forceValues(refused), ':run': run }),
  };
}

function countingUp(refused: RefusedRequest, writeId: string): Update {
  return {
    UpdateExpression: `SET ${runAttribute}.#count = ${runAttribute}.#count + :one, ${runAttribute}.writeId = :writeId`,
    ConditionExpression:
      `${inForce} AND ${runAttribute}.secretVersion = :secretVersion AND ` +
      `${runAttribute}.sinceMs <= :requestedAt AND ${runAttribute}.writeId <> :writeId`,
    ExpressionAttributeNames: { '#state': 'state', '#count': 'count' },
    values: toItem({
      ...forceValues(refused),
      ':one': 1,
      ':writeId': writeId,
      ':requestedAt': refused.requestedAtMs,
    }),
  };
}

function forceValues({ connection, secretVersion }: RefusedRequest) {
  return { ':incarnation': connection.incarnation, ':secretVersion': secretVersion, ':authorized': 'AUTHORIZED' };
}

/** Whether the connection still uses the refused credentials. */
function isInForce(item: Item, { connection, secretVersion }: RefusedRequest): boolean {
  return (
    item['incarnation']?.S === connection.incarnation &&
    item['secretVersion']?.S === secretVersion &&
    item['state']?.S === 'AUTHORIZED'
  );
}

function wroteItself(item: Item, writeId: string): boolean {
  return item[runAttribute]?.M?.['writeId']?.S === writeId;
}
