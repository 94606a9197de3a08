import type { Connection } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import type { ConnectionChanges } from './connection-writes.ts';
import { writeConnection } from './connection-writes.ts';
import type { ControlDependencies } from '../operation.ts';

const verb = 'update';

interface NewVersion {
  /** The connection before its item named the new version. */
  readonly base: Connection;
  readonly secretArn: string;
  readonly version: string;
}

/**
 * Replaces the credentials: adds a version to the secret, writes the item that names it, then moves the label AWSCURRENT.
 *
 * Failure policy: the workers use the version that the item names. If a step before the write of the item fails, the old
 * credentials stay in use. If a later step fails, the former item is restored. If that fails too, the new credentials stay
 * in use, although the client got an error.
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
 * Failure policy: when two updates run at the same time, the update that wrote the item first may move the label last. Each
 * update therefore reads the item after it has moved the label, and moves it again if the item names another version.
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
    // The connection policy now names a secret. The owner of that secret, not this stack, decides which version is current.
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
 * written to the item first, so that every secret can be found.
 *
 * Failure policy: the old name may belong to the secret of another update, which has died or is still running. The first write
 * here raises the connection's revision, so the other update fails. Its secret can then be removed.
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
    // If the removal fails, its error is dropped. The item names the secret, so a later request can find and remove it.
    await secretWriter.remove(secretName).catch(() => undefined);
    throw error;
  }
}

/** The most tries to restore the item. A try fails when a worker changes the connection's state meanwhile. */
const maxAttempts = 3;

/** Errors in this function are dropped, because the client must get the error that made the update fail. */
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
