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
import type { ApiKeyAuthenticationDependencies } from '../lib/protocol/api-key-authentication.ts';
import { createApiKeyAuthentication } from '../lib/protocol/api-key-authentication.ts';
import type { Authentication } from '../lib/protocol/control-request.ts';

/**
 * After this time, a deleted key is refused everywhere, and so is a key that was derived from a replaced root secret.
 */
const maximumAgeMs = 60_000;

/**
 * Failure policy: a cached key is never used for longer than a minute, even if the table cannot be reached. The root secret
 * does not decide which keys are valid, so a cached copy of it may be used for longer while the secret cannot be read.
 */
export function wireRootSecret(config: Config, secrets: SecretReader, clock: Clock): RootSecret {
  const options = { freshMs: maximumAgeMs, staleMs: config.STALE_SECONDS * 1000, capacity: 1 };
  const cache = createFreshCache((arn) => secrets.read(arn, 'AWSCURRENT'), clock, options);
  return { read: async () => rootSecretOf(await cache.current(config.ROOT_SECRET_ARN)) };
}

/** The cache also remembers that a key does not exist. Otherwise each use of a deleted key would cost a read. */
interface CachedApiKey {
  readonly key: ApiKey | undefined;
}

/** The most entries in the cache. A stack has at most 100 keys; the other entries are for ids that no key has. */
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
  options: Pick<ApiKeyAuthenticationDependencies, 'services' | 'ratePerSecond' | 'onRefusal'> = {},
): Authentication {
  const config = parseConfig(environment);
  const secrets = createSecretsManagerSecretReader(createSecretsManagerClient(aws));
  const apiKeys = createDynamoDbApiKeyRepository(createDynamoDbClient(aws), config.TABLE_NAME);
  return createApiKeyAuthentication({
    apiKeys: cacheApiKeys(apiKeys, config.CACHE_SECONDS, clock),
    rootSecret: wireRootSecret(config, secrets, clock),
    clock,
    ...options,
  });
}
