import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbClient, createSecretsManagerClient } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbApiKeyRepository } from '../lib/adapters/dynamodb/api-keys.ts';
import { createSecretsManagerSecretReader } from '../lib/adapters/aws/secret-reader.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config, Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import type { ApiKeyReader, RootSecret } from '../lib/ports/control.ts';
import type { ApiKey } from '../lib/core/api-key/api-key.ts';
import { rootSecretOf } from '../lib/delivery/root-secret.ts';
import { createFreshCache } from '../lib/delivery/route/fresh-cache.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { SecretReader } from '../lib/ports/delivery.ts';
import { createApiKeyAuthentication } from '../lib/protocol/api-key-authentication.ts';
import type { Authentication } from '../lib/protocol/control-request.ts';

/**
 * After this time, a deleted key no longer works anywhere. Neither does a key that was made with a root secret that has been
 * replaced.
 */
const maximumAgeMs = 60_000;

/**
 * Failure policy: a key's record is never used for longer than a minute, even if the table cannot be reached. The root secret
 * does not decide which keys are valid, so an older copy of it may stay in use while it cannot be read, as with credentials.
 */
export function wireRootSecret(config: Config, secrets: SecretReader, clock: Clock): RootSecret {
  const options = { freshMs: maximumAgeMs, staleMs: config.STALE_SECONDS * 1000, capacity: 1 };
  const cache = createFreshCache((arn) => secrets.read(arn, 'AWSCURRENT'), clock, options);
  return { read: async () => rootSecretOf(await cache.current(config.ROOT_SECRET_ARN)) };
}

/** The cache also holds keys that do not exist. Otherwise each use of a deleted key would cost a read. */
interface CachedApiKey {
  readonly key: ApiKey | undefined;
}

/** A stack cannot have more keys than this. */
const capacity = 1000;

export function cacheApiKeys(apiKeys: ApiKeyReader, cacheSeconds: number, clock: Clock): ApiKeyReader {
  const load = async (name: string): Promise<CachedApiKey> => {
    const [apiId, publicId = ''] = name.split('/');
    return { key: await apiKeys.read(apiId === 'control' ? 'control' : 'events', publicId) };
  };
  const freshMs = Math.min(cacheSeconds * 1000, maximumAgeMs);
  const cache = createFreshCache(load, clock, { freshMs, staleMs: 0, capacity });
  return { read: async (apiId, publicId) => (await cache.current(`${apiId}/${publicId}`))?.key };
}

/** @throws ConfigError naming every bad variable */
export function authenticationFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  clock: Clock = systemClock,
): Authentication {
  const config = parseConfig(environment);
  const secrets = createSecretsManagerSecretReader(createSecretsManagerClient(aws));
  const apiKeys = createDynamoDbApiKeyRepository(createDynamoDbClient(aws), config.TABLE_NAME);
  return createApiKeyAuthentication({
    apiKeys: cacheApiKeys(apiKeys, config.CACHE_SECONDS, clock),
    rootSecret: wireRootSecret(config, secrets, clock),
    clock,
  });
}
