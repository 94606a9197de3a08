import type { ApiKey } from '../../lib/core/api-key/api-key.ts';
import type { ApiKeyRepository } from '../../lib/ports/control.ts';
import { createInMemoryResources } from './in-memory-resources.ts';

export interface InMemoryApiKeys extends ApiKeyRepository {
  all(): readonly ApiKey[];
}

export function createInMemoryApiKeys(): InMemoryApiKeys {
  const resources = createInMemoryResources<ApiKey & { readonly name: string }>();
  const named = (key: ApiKey) => ({ ...key, name: `${key.apiId}/${key.publicId}` });
  return {
    all: resources.all,
    read: (apiId, publicId) => resources.read(`${apiId}/${publicId}`),
    create: (key) => resources.create(named(key)),
    update: (before, key) => resources.update(named(before), named(key)),
    remove: (key) => resources.remove(named(key)),
    async list(apiId, { afterName, limit }) {
      const page = { limit, ...(afterName !== undefined && { afterName: `${apiId}/${afterName}` }) };
      const { items, nextAfterName } = await resources.listWhere(page, (key) => key.apiId === apiId);
      return { items, ...(nextAfterName !== undefined && { nextAfterName: nextAfterName.slice(apiId.length + 1) }) };
    },
  };
}
