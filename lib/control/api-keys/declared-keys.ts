import type { ApiKeyRepository, Page, RootSecret, SecretWriter } from '../../ports/control.ts';
import { type ApiKey, apiIds, isDeleted } from '../../core/api-key/api-key.ts';
import { deriveSecret, isPublicId } from '../../core/api-key/text.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeclaredKeys } from '../../ports/resources.ts';

export interface DeclaredKeysDependencies {
  readonly apiKeys: ApiKeyRepository;
  readonly rootSecret: RootSecret;
  readonly secretWriter: Pick<SecretWriter, 'create' | 'remove'>;
  /** The prefix of the names of the secrets. The rest is the public id of the key. */
  readonly secretPrefix: string;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** The secret parts of keys are derived from the root secret, so a key can be written into its secret at any time. */
export function createDeclaredKeys(dependencies: DeclaredKeysDependencies): DeclaredKeys {
  const { apiKeys, rootSecret, secretWriter, secretPrefix, clock } = dependencies;
  return {
    async list() {
      const lists = await Promise.all(apiIds.map((apiId) => allOf(apiKeys, apiId)));
      const nowMs = clock.nowMs();
      return lists.flat().filter((key) => !isDeleted(key, nowMs));
    },
    async keep(apiId, publicId) {
      const secret = deriveSecret(await rootSecret.read(), apiId === 'events' ? 'events' : 'control', publicId);
      const text = JSON.stringify({ AccessKeyId: publicId, SecretAccessKey: publicId + secret });
      return (await secretWriter.create(secretPrefix + publicId, text)).secretArn;
    },
    async forget(publicId) {
      if (isPublicId(publicId)) await secretWriter.remove(secretPrefix + publicId);
    },
  };
}

async function allOf(apiKeys: ApiKeyRepository, apiId: ApiKey['apiId']): Promise<readonly ApiKey[]> {
  const keys: ApiKey[] = [];
  let page: Page<ApiKey> | undefined;
  do {
    const after: { readonly afterName?: string } =
      page?.nextAfterName === undefined ? {} : { afterName: page.nextAfterName };
    page = await apiKeys.list(apiId, { limit: 100, ...after });
    keys.push(...page.items);
  } while (page.nextAfterName !== undefined);
  return keys;
}
