import type { Connection } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import type { ConnectionChanges } from './connection-writes.ts';
import { writeConnection } from './connection-writes.ts';
import type { ControlDependencies } from '../operation.ts';

const verb = 'update';

/** A new version of a secret, and the connection as it was before its item named that version. */
interface NewVersion {
  readonly base: Connection;
  readonly secretArn: string;
  readonly version: string;
}

/**
 * Replaces the credentials: adds a version to the secret, writes the item that names it, then moves the label AWSCURRENT.
 *
 * Failure policy: after a failure half-way the old credentials stay in use. The new version is not used before the item is
 * written, even if another update comes first. After a failure that follows this write, the former item is restored. If that
 * fails too, the new credentials stay in use as a whole, although the client was told of a failure.
 *
 * @returns the connection after the write
 */
export async function replaceCredentials(
  dependencies: ControlDependencies,
  before: Connection,
  secretText: string,
  changes: ConnectionChanges,
): Promise<Connection> {
  const { authorizer, clock } = dependencies;
  const needsToken = (changes.authorizationType ?? before.authorizationType) === 'OAUTH_CLIENT_CREDENTIALS';
  const added = await addVersion(dependencies, before, secretText);
  const { base, secretArn, version } = added;
  try {
    const after = await writeConnection(dependencies, verb, base, {
      ...changes,
      state: needsToken ? 'AUTHORIZING' : 'AUTHORIZED',
      stateReason: undefined,
      secretArn,
      secretVersion: version,
      authorizingSinceMs: needsToken ? clock.nowMs() : undefined,
      ...(needsToken ? {} : { lastAuthorizedTimeMs: clock.nowMs() }),
    });
    if (base.secretArn !== undefined) await labelNamedVersion(dependencies, after);
    if (needsToken) await authorizer.start(after);
    return after;
  } catch (error) {
    await turnBack(dependencies, added);
    throw error;
  }
}

/**
 * Moves the label AWSCURRENT to the version that the item names.
 *
 * Failure policy: when two updates follow each other closely, the earlier one may move the label last. Each update therefore
 * reads the item after the move, and moves the label again while the item names another version.
 */
async function labelNamedVersion(
  { connections, secretWriter }: ControlDependencies,
  { name, incarnation, ...written }: Connection,
): Promise<void> {
  let { secretArn, secretVersion } = written;
  while (secretArn !== undefined && secretVersion !== undefined) {
    await secretWriter.makeCurrent(secretArn, secretVersion);
    const stored = await connections.read(name);
    if (stored?.incarnation !== incarnation || stored.secretVersion === secretVersion) return;
    // The policy names a secret that belongs to somebody else. Its owner decides which version is current.
    if (namedSecretArn(stored) !== undefined) return;
    ({ secretArn, secretVersion } = stored);
  }
}

/** A connection keeps its secret. Only a connection that was deauthorized has none, so it gets a new secret. */
async function addVersion(
  dependencies: ControlDependencies,
  before: Connection,
  secretText: string,
): Promise<NewVersion> {
  const { secretArn } = before;
  if (secretArn === undefined) return createSecret(dependencies, before, secretText);
  const { version } = await dependencies.secretWriter.addVersion(secretArn, secretText);
  return { base: before, secretArn, version };
}

/**
 * The new secret gets a new name, because Secrets Manager does not free the name of a removed secret at once. The name is
 * written to the item first, so that every secret has an item.
 *
 * Failure policy: the old name may belong to the secret of another update, which has died or is still running. The first write
 * here makes that update fail. Then its secret can be removed and the name can be replaced.
 */
async function createSecret(
  dependencies: ControlDependencies,
  before: Connection,
  secretText: string,
): Promise<NewVersion> {
  const { secretWriter, secretPrefix, newUuid } = dependencies;
  const ours = await writeConnection(dependencies, verb, before, {});
  await secretWriter.remove(ours.secretName);
  const secretName = `${secretPrefix}${before.name}/${newUuid()}`;
  const base = await writeConnection(dependencies, verb, ours, { secretName });
  try {
    return { base, ...(await secretWriter.create(secretName, secretText)) };
  } catch (error) {
    // The client is told the first failure. The item names the secret, so a later request can find and remove it.
    await secretWriter.remove(secretName).catch(() => undefined);
    throw error;
  }
}

/** How many times restoring the item is tried when a worker changes the state meanwhile. */
const maxAttempts = 3;

/** Failures in this function are dropped, because the client is told the first failure. */
async function turnBack(dependencies: ControlDependencies, added: NewVersion): Promise<void> {
  const { secretWriter } = dependencies;
  const { base, secretArn } = added;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    try {
      const turnedBack = await stopNaming(dependencies, added);
      if (base.secretArn === undefined) await secretWriter.remove(secretArn);
      else if (turnedBack !== undefined) await labelNamedVersion(dependencies, turnedBack);
      return;
    } catch {
      // A worker may have changed the state since the read, so the item is read again.
    }
  }
}

/** @returns the restored connection; undefined when the item did not name the new version */
async function stopNaming(
  dependencies: ControlDependencies,
  { base, version }: NewVersion,
): Promise<Connection | undefined> {
  const stored = await dependencies.connections.read(base.name);
  if (stored?.incarnation !== base.incarnation || stored.secretVersion !== version) return undefined;
  return writeConnection(dependencies, verb, stored, formerMembers(base));
}

function formerMembers(base: Connection): ConnectionChanges {
  return {
    description: base.description,
    state: base.state,
    stateReason: base.stateReason,
    authorizationType: base.authorizationType,
    secretArn: base.secretArn,
    secretVersion: base.secretVersion,
    visibleAuthParameters: base.visibleAuthParameters,
    lastModifiedTimeMs: base.lastModifiedTimeMs,
    lastAuthorizedTimeMs: base.lastAuthorizedTimeMs,
    authorizingSinceMs: base.authorizingSinceMs,
  };
}
