import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { WriteConflict } from '../../ports/control.ts';
import { itemVersion } from '../../core/message/format-versions.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { Item, ItemMembers } from './items.ts';
import { toAttribute, toItem } from './items.ts';
import { readItem } from './reads.ts';

/** A connection, API destination or API key as it is written: its key, incarnation and revision, and the members of its item. */
export interface ResourceRow {
  readonly pk: string;
  readonly sk: string;
  readonly incarnation: string;
  readonly revision: number;
  readonly members: ItemMembers;
}

export interface ResourceWrites {
  create(row: ResourceRow): Promise<'written' | WriteConflict>;
  update(before: ResourceRow, row: ResourceRow): Promise<'written' | WriteConflict>;
  remove(row: ResourceRow): Promise<'written' | WriteConflict>;
}

/**
 * Conditional writes of single items.
 *
 * Failure policy: the SDK repeats a write whose answer was lost, and the condition of the repeated write fails because the
 * first write took effect. So every update leaves an id of its own in the item; a creation is recognised by the incarnation.
 * After a refusal, the item is read. If it has the id or the incarnation of this write, the write has succeeded. If another
 * writer has changed the item after this write, the answer is `changed`. So a conflict may be reported unnecessarily, but is
 * never overlooked.
 *
 * @param what the kind of resource, for the text of a failure, such as `connection`
 */
export function createResourceWrites(client: DynamoDBClient, tableName: string, what: string): ResourceWrites {
  async function conditionally(action: string, write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw fromAwsError(error, `${action} the ${what}`);
    }
  }

  const stored = (row: ResourceRow): Promise<Item | undefined> => readItem(client, tableName, row, `read the ${what}`);

  return {
    async create(row) {
      const item = toItem({ ...row.members, pk: row.pk, sk: row.sk, v: itemVersion, revision: row.revision });
      const command = new PutItemCommand({
        TableName: tableName,
        Item: item,
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      if (await conditionally('create', () => client.send(command))) return 'written';
      return (await stored(row))?.['incarnation']?.S === row.incarnation ? 'written' : 'exists';
    },

    async update(before, row) {
      const writeId = randomUUID();
      const command = new UpdateItemCommand({ TableName: tableName, ...updateOf(before, row, writeId) });
      if (await conditionally('update', () => client.send(command))) return 'written';
      const found = await stored(before);
      if (found === undefined) return 'absent';
      return found['writeId']?.S === writeId ? 'written' : 'changed';
    },

    async remove(row) {
      const command = new DeleteItemCommand({
        TableName: tableName,
        Key: keyOf(row),
        ConditionExpression: 'incarnation = :incarnation AND revision = :revision',
        ExpressionAttributeValues: {
          ':incarnation': toAttribute(row.incarnation),
          ':revision': toAttribute(row.revision),
        },
      });
      if (await conditionally('remove', () => client.send(command))) return 'written';
      return (await stored(row))?.['incarnation']?.S === row.incarnation ? 'changed' : 'absent';
    },
  };
}

function keyOf(row: ResourceRow): Item {
  return { pk: { S: row.pk }, sk: { S: row.sk } };
}

/** Sets only members that changed and removes only members that are now absent, so that a newer version's members stay. */
function updateOf(before: ResourceRow, row: ResourceRow, writeId: string) {
  const sets = ['revision = :next', 'writeId = :writeId'];
  const removals: string[] = [];
  const names: Record<string, string> = {};
  const values: Item = {
    ':incarnation': toAttribute(before.incarnation),
    ':revision': toAttribute(before.revision),
    ':next': toAttribute(before.revision + 1),
    ':writeId': toAttribute(writeId),
  };
  for (const name of new Set([...Object.keys(before.members), ...Object.keys(row.members)])) {
    const value = row.members[name];
    if (isDeepStrictEqual(before.members[name], value)) continue;
    names[`#${name}`] = name;
    if (value === undefined) {
      removals.push(`#${name}`);
    } else {
      sets.push(`#${name} = :${name}_`);
      values[`:${name}_`] = toAttribute(value);
    }
  }
  return {
    Key: keyOf(before),
    UpdateExpression: `SET ${sets.join(', ')}${removals.length > 0 ? ` REMOVE ${removals.join(', ')}` : ''}`,
    ConditionExpression: 'incarnation = :incarnation AND revision = :revision',
    ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
    ExpressionAttributeValues: values,
  };
}

export function isConditionFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}
