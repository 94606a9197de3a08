import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ApiKeyRepository } from '../../ports/control.ts';
import type { ApiId, ApiKey } from '../../core/api-key/api-key.ts';
import type { Item } from './items.ts';
import { optionalText, requiredNumber, requiredText, requireReadable } from './items.ts';
import type { ListKeys } from './lists.ts';
import { listItems } from './lists.ts';
import { readItem } from './reads.ts';
import type { ResourceRow } from './resource-writes.ts';
import { createResourceWrites } from './resource-writes.ts';
import { timeToLiveAttribute } from './table.ts';

/** API keys as items of the table, without their secrets. Every read is strongly consistent. */
export function createDynamoDbApiKeyRepository(client: DynamoDBClient, tableName: string): ApiKeyRepository {
  const writes = createResourceWrites(client, tableName, 'API key');
  return {
    async read(apiId, publicId) {
      const item = await readItem(client, tableName, { pk: partitionOf(apiId), sk: publicId }, 'read the API key');
      return item === undefined ? undefined : parseItem(apiId, item);
    },
    create: (key) => writes.create(rowOf(key)),
    update: (before, key) => writes.update(rowOf(before), rowOf(key)),
    remove: (key) => writes.remove(rowOf(key)),
    async list(apiId, page) {
      const { items, ...rest } = await listItems(
        client,
        tableName,
        listKeys(apiId),
        page,
        undefined,
        'list the API keys',
      );
      return { items: items.map((item) => parseItem(apiId, item)), ...rest };
    },
  };
}

function partitionOf(apiId: ApiId): string {
  return `API_KEY#${apiId}`;
}

function listKeys(apiId: ApiId): ListKeys {
  const partition = partitionOf(apiId);
  const keyOf = (publicId: string): Item => ({ pk: { S: partition }, sk: { S: publicId } });
  return { partitionAttribute: 'pk', partition, nameAttribute: 'sk', keyOf };
}

function rowOf(key: ApiKey): ResourceRow {
  const { apiId, publicId, incarnation, revision, description, expiresAtSeconds, deletesAtSeconds } = key;
  return {
    pk: partitionOf(apiId),
    sk: publicId,
    incarnation,
    revision,
    members: { incarnation, description, expiresAtSeconds, deletesAtSeconds, [timeToLiveAttribute]: deletesAtSeconds },
  };
}

function parseItem(apiId: ApiId, item: Item): ApiKey {
  requireReadable(item, 'API key');
  const description = optionalText(item, 'description');
  return {
    apiId,
    publicId: requiredText(item, 'sk'),
    incarnation: requiredText(item, 'incarnation'),
    ...(description === undefined ? {} : { description }),
    expiresAtSeconds: requiredNumber(item, 'expiresAtSeconds'),
    deletesAtSeconds: requiredNumber(item, 'deletesAtSeconds'),
    revision: requiredNumber(item, 'revision'),
  };
}
