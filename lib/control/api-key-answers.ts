import type { ApiKey } from '../core/api-key.ts';
import type { JsonObject } from '../core/json.ts';
import { withoutUndefined } from './input.ts';

/** @param id the public id; the whole key in the answer of create, and nowhere else */
export function apiKeyAnswer(key: ApiKey, id = key.publicId): JsonObject {
  const { description, expiresAtSeconds, deletesAtSeconds } = key;
  return withoutUndefined({ id, description, expires: expiresAtSeconds, deletes: deletesAtSeconds });
}
