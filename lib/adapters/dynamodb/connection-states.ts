import type { DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { withVersion } from '../../core/destination/connection.ts';
import type { ConnectionNote, ConnectionStateChange, ConnectionStates } from '../../ports/token.ts';
import { fromAwsError } from '../aws/failures.ts';
import { createResourceWrites, isConditionFailure } from './resource-writes.ts';
import { connectionRow, isRunThatBeganThen } from './connection-item.ts';
import type { Item } from './items.ts';
import { isReadable, readableVersion } from './items.ts';
import { connectionPartition } from './table.ts';

/**
 * Failure policy: a worker changes the state only for the credentials that it has used, and never for a connection whose
 * secret is being removed. If the answer to a write is lost, the repeated write meets the same condition and writes the same
 * values. An older worker does not change a connection of a newer version.
 *
 * @param changed gets each change of a state once, even if several workers change the state at the same time
 */
export function createDynamoDbConnectionStates(
  client: DynamoDBClient,
  tableName: string,
  changed?: (change: ConnectionStateChange) => void,
): ConnectionStates {
  const writes = createResourceWrites(client, tableName, 'connection');
  return {
    async adopt(connection, version, nowMs) {
      const after = withVersion(connection, version, nowMs);
      return (await writes.update(connectionRow(connection), connectionRow(after))) === 'written';
    },
    async noteReason(note) {
      try {
        await client.send(new UpdateItemCommand({ TableName: tableName, ...noteOf(note) }));
      } catch (error) {
        if (!isConditionFailure(error)) throw fromAwsError(error, "note the reason of the connection's state");
      }
    },
    async change(change) {
      try {
        const { Attributes } = await client.send(new UpdateItemCommand({ TableName: tableName, ...updateOf(change) }));
        if (isFirstToChange(change, Attributes)) changed?.(change);
        return true;
      } catch (error) {
        if (isConditionFailure(error)) return false;
        throw fromAwsError(error, "change the connection's state");
      }
    },
  };
}

/**
 * Whether this worker was the first to give the connection this state. If the answer to its first write was lost, the repeated
 * write finds the time of the first write in the item.
 */
function isFirstToChange({ state, nowMs }: ConnectionStateChange, before: Item = {}): boolean {
  return before['state']?.S !== state || before['lastModifiedTimeMs']?.N === String(nowMs);
}

function noteOf({
  name,
  incarnation,
  secretVersion,
  stateReason,
}: ConnectionNote): Omit<UpdateItemCommandInput, 'TableName'> {
  return {
    Key: { pk: { S: connectionPartition }, sk: { S: name } },
    UpdateExpression: 'SET stateReason = :stateReason',
    ConditionExpression: `incarnation = :incarnation AND secretVersion = :secretVersion AND #state = :authorizing AND ${isReadable}`,
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ...readableVersion,
      ':incarnation': { S: incarnation },
      ':secretVersion': { S: secretVersion },
      ':authorizing': { S: 'AUTHORIZING' },
      ':stateReason': { S: stateReason },
    },
  };
}

function updateOf(change: ConnectionStateChange): Omit<UpdateItemCommandInput, 'TableName'> {
  const sets = ['#state = :state', 'lastModifiedTimeMs = :now', 'revision = revision + :one'];
  const values: Item = {
    ...readableVersion,
    ':incarnation': { S: change.incarnation },
    ':secretVersion': { S: change.secretVersion },
    ':deleting': { S: 'DELETING' },
    ':deauthorizing': { S: 'DEAUTHORIZING' },
    ':state': { S: change.state },
    ':now': { N: String(change.nowMs) },
    ':one': { N: '1' },
  };
  if (change.state === 'AUTHORIZED') sets.push('lastAuthorizedTimeMs = :now');
  if (change.stateReason !== undefined) {
    sets.push('stateReason = :stateReason');
    values[':stateReason'] = { S: change.stateReason };
  }
  if (change.unauthorizedSinceMs !== undefined) values[':since'] = { N: String(change.unauthorizedSinceMs) };
  return {
    Key: { pk: { S: connectionPartition }, sk: { S: change.name } },
    UpdateExpression: `SET ${sets.join(', ')} REMOVE authorizingSinceMs${change.stateReason === undefined ? ', stateReason' : ''}`,
    ConditionExpression:
      'incarnation = :incarnation AND secretVersion = :secretVersion AND NOT #state IN (:deleting, :deauthorizing) AND ' +
      isReadable +
      (change.unauthorizedSinceMs === undefined ? '' : ` AND ${isRunThatBeganThen}`),
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: values,
    ReturnValues: 'UPDATED_OLD',
  };
}
