import type { Connection, ConnectionState } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import type { ConnectionSecret } from '../../core/destination/connection-secret.ts';
import { parseConnectionSecret } from '../../core/destination/connection-secret.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionStates } from '../../ports/token.ts';
import type { SecretReader } from '../../ports/delivery.ts';
import type { FreshCacheOptions } from './fresh-cache.ts';
import { createFreshCache } from './fresh-cache.ts';

/** A connection whose item names the version that is in force. */
export interface UpToDate {
  readonly connection: Connection;
  /** Absent when the connection keeps its secret itself, which is not looked at here. */
  readonly secret?: ConnectionSecret;
}

export interface ConnectionSecrets {
  /**
   * From cache. Undefined: the version that the connection names is not there, or is not the current one any more; the
   * connection is to be read again.
   *
   * @throws Failure InvalidSecret
   */
  current(connection: Connection): Promise<ConnectionSecret | undefined>;
  /** Whether what `current` has given for this connection still holds, as far as can be said without a store. */
  stillHolds(connection: Connection): boolean;
  /**
   * Past the cache. When the secret that its policy names has another current version than the connection says, that is
   * written down first.
   *
   * @param read the connection as the table has it
   * @throws Failure SecretNotFound, InvalidSecret; CredentialsChanged when the two could not be brought together
   */
  fresh(connection: Connection, read: () => Promise<Connection | undefined>): Promise<UpToDate>;
}

export interface ConnectionSecretsDependencies {
  readonly secrets: SecretReader;
  readonly states: Pick<ConnectionStates, 'adopt'>;
  readonly clock: Clock;
  readonly cache: FreshCacheOptions;
}

/** States in which nobody is just changing the connection. */
const settled: ReadonlySet<ConnectionState> = new Set(['AUTHORIZED', 'AUTHORIZING', 'DEAUTHORIZED']);

/** A secret's current version as it was read: what it holds, or why it cannot be used. */
type Current =
  | { readonly version: string; readonly secret: ConnectionSecret }
  | { readonly version: string; readonly problem: Failure };

/**
 * The credentials of connections.
 *
 * Of a secret that a connection keeps itself the item names the version, which never changes and is read once. A secret that a
 * policy names is changed by others, without a word to us: its current version is read as often as the configuration is,
 * and after every 401. Whoever first sees another one writes it into the item, so that runs of refusals, tokens and states
 * are about the version that was used, as they are with a secret of our own.
 *
 * Failure policy: a named secret that holds something else fails retryably, because whoever keeps it can mend it while the
 * event waits; the version before it is not used again. What it holds is remembered as long as something good, so that a
 * broken secret costs no more reads.
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
      // Read again also when another has been quicker: most likely it has written the same.
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
  if (value === undefined) return undefined;
  const { version, text } = value;
  try {
    return { version, secret: parseConnectionSecret(text) };
  } catch (error) {
    if (error instanceof Failure) return { version, problem: error };
    throw error;
  }
}

/** @throws Failure InvalidSecret when it holds no credentials, or those of another authorization type */
function secretOf(current: Current, { name, authorizationType }: Connection): ConnectionSecret {
  if ('problem' in current) throw current.problem;
  if (current.secret.credentials.authorizationType === authorizationType) return current.secret;
  const text = `The secret that the policy of connection '${name}' names holds no ${authorizationType} credentials.`;
  throw new Failure('InvalidSecret', text);
}

function absent({ name }: Connection): Failure {
  return new Failure('SecretNotFound', `The secret that the policy of connection '${name}' names does not exist.`);
}
