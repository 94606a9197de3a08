import type { Connection, ConnectionState } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import type { ConnectionSecret } from '../../core/destination/connection-secret.ts';
import { parseConnectionSecret } from '../../core/destination/connection-secret.ts';
import type { CurrentSecret } from '../../core/destination/current-secret.ts';
import { parseCurrentSecret } from '../../core/destination/current-secret.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionStates } from '../../ports/token.ts';
import type { SecretReader } from '../../ports/delivery.ts';
import type { FreshCacheOptions } from './fresh-cache.ts';
import { createFreshCache } from './fresh-cache.ts';

/** A connection whose item names the current version of its secret. */
export interface UpToDate {
  readonly connection: Connection;
  /** Absent when the secret belongs to the connection itself: such a secret is not read here. */
  readonly secret?: ConnectionSecret;
}

export interface ConnectionSecrets {
  /**
   * Reads from the cache. Returns undefined when the version that the connection names is gone or no longer current. The
   * caller must then read the connection again.
   *
   * @throws Failure InvalidSecret
   */
  current(connection: Connection): Promise<ConnectionSecret | undefined>;
  /** Whether the secret that `current` returned for this connection is still fresh, without a read of a store. */
  stillHolds(connection: Connection): boolean;
  /**
   * Reads past the cache. If the policy names a secret whose current version differs from the version in the connection, the
   * current version is first written to the connection.
   *
   * @param read reads the connection from the table
   * @throws Failure SecretNotFound, InvalidSecret; CredentialsChanged when the current version could not be written to the
   * connection
   */
  fresh(connection: Connection, read: () => Promise<Connection | undefined>): Promise<UpToDate>;
}

export interface ConnectionSecretsDependencies {
  readonly secrets: SecretReader;
  readonly states: Pick<ConnectionStates, 'adopt'>;
  readonly clock: Clock;
  readonly cache: FreshCacheOptions;
}

/** States in which no operation is changing the connection. */
const settled: ReadonlySet<ConnectionState> = new Set(['AUTHORIZED', 'AUTHORIZING', 'DEAUTHORIZED']);

type Current = CurrentSecret<ConnectionSecret>;

/**
 * The credentials of connections.
 *
 * The connection's item names the version of its own secret. The content of a version never changes, so it is read once. A
 * secret that a policy names may be changed by other people at any time. So its current version is read as often as the
 * configuration, and after every 401. The first worker that sees a new version writes the version into the item. So runs of
 * refusals, tokens and states always belong to the version that was used, as with the connection's own secret.
 *
 * Failure policy: a named secret with invalid content is a retryable failure, because its owner can repair the secret while the
 * event waits. The previous version is not used again. Invalid content is cached as long as valid content, so that a broken
 * secret does not cost more reads than a valid one.
 */
export function createConnectionSecrets(dependencies: ConnectionSecretsDependencies): ConnectionSecrets {
  const { secrets, states, clock, cache } = dependencies;
  const forever = { ...cache, freshMs: Number.POSITIVE_INFINITY, staleMs: Number.POSITIVE_INFINITY };
  const versions = createFreshCache((key) => readVersion(secrets, key), clock, forever);
  const currents = createFreshCache((secretArn) => readCurrent(secrets, secretArn), clock, cache);

  return {
    async current(connection) {
      const { secretArn, secretVersion } = connection;
      if (secretArn === undefined || secretVersion === undefined) return undefined;
      if (namedSecretArn(connection) === undefined) return versions.current(`${secretArn}#${secretVersion}`);
      const current = await currents.current(secretArn);
      return current?.version === secretVersion ? secretOf(current, connection) : undefined;
    },

    stillHolds(connection) {
      const secretArn = namedSecretArn(connection);
      return secretArn === undefined || currents.cached(secretArn)?.version === connection.secretVersion;
    },

    async fresh(connection, read) {
      const secretArn = namedSecretArn(connection);
      if (secretArn === undefined || !settled.has(connection.state)) return { connection };
      const current = await currents.fresh(secretArn);
      if (current === undefined) throw absent(connection);
      const secret = secretOf(current, connection);
      if (current.version === connection.secretVersion) return { connection, secret };
      await states.adopt(connection, current.version, clock.nowMs());
      // The connection is read again even if another worker was quicker: most likely that worker wrote the same
      // version.
      const after = await read();
      if (after?.arn === connection.arn && isAt(after, secretArn, current.version))
        return { connection: after, secret };
      throw new Failure('CredentialsChanged', `The credentials of connection '${connection.name}' are changing.`);
    },
  };
}

function isAt(connection: Connection, secretArn: string, version: string): boolean {
  return namedSecretArn(connection) === secretArn && connection.secretVersion === version;
}

/** @param key ARN, `#` and version */
async function readVersion(secrets: SecretReader, key: string): Promise<ConnectionSecret | undefined> {
  const separator = key.lastIndexOf('#');
  const value = await secrets.read(key.slice(0, separator), key.slice(separator + 1));
  return value === undefined ? undefined : parseConnectionSecret(value.text);
}

async function readCurrent(secrets: SecretReader, secretArn: string): Promise<Current | undefined> {
  const value = await secrets.read(secretArn, 'AWSCURRENT');
  return value === undefined ? undefined : parseCurrentSecret(value, parseConnectionSecret);
}

/** @throws Failure InvalidSecret when the secret holds no credentials, or credentials of another authorization type */
function secretOf(current: Current, { name, authorizationType }: Connection): ConnectionSecret {
  if ('problem' in current) throw current.problem;
  if (current.value.credentials.authorizationType === authorizationType) return current.value;
  const text = `The secret that the policy of connection '${name}' names holds no ${authorizationType} credentials.`;
  throw new Failure('InvalidSecret', text);
}

function absent({ name }: Connection): Failure {
  return new Failure('SecretNotFound', `The secret that the policy of connection '${name}' names does not exist.`);
}
