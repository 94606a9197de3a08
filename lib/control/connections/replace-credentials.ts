import type { Connection } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import type { ConnectionChanges } from './connection-writes.ts';
import { writeConnection } from './connection-writes.ts';
import type { ControlDependencies } from '../operation.ts';

const verb = 'update';

/** Where the new credentials are, and what the connection's item was before it names them. */
interface NewVersion {
  readonly base: Connection;
  readonly secretArn: string;
  readonly version: string;
}

/**
 * Puts new credentials in force: a new version of the secret, then the item that names it, then the label AWSCURRENT.
 *
 * Failure policy: an update that fails half-way leaves the old credentials in force. Before the item is written nothing
 * uses the new version, a lost race included; what fails after it turns the item back. If the item cannot be turned
 * back, the new credentials stay in force, whole, although the client was told of a failure.
 *
 * @returns the connection as it now is
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
 * Failure policy: of two updates, one right behind the other, the first may come to the label last. So each reads the
 * item after its move and, while that names another version, moves again: the last move follows the last item.
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
    // Which version of somebody else's secret is current is theirs to say.
    if (namedSecretArn(stored) !== undefined) return;
    ({ secretArn, secretVersion } = stored);
  }
}

/** A connection keeps its secret; only one that was deauthorized has none any more. */
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
 * The new secret has a name of its own, because Secrets Manager frees a removed one only later, and the item learns it
 * first, so that no secret is without an item.
 *
 * Failure policy: the name that the item had may be of a secret that another such update left when it died, or is about
 * to put in force. The first write shuts that one out; then its secret can go; then its name.
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
    // The first failure is the one to tell; the item names the secret, so what may be left of it is found.
    await secretWriter.remove(secretName).catch(() => undefined);
    throw error;
  }
}

/** How often the item is read anew when a worker has changed its state while it was being turned back. */
const maxAttempts = 3;

/** The client learns of the failure that came first, so those of turning back are not told. */
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
      // Read anew: a worker may have changed the state since.
    }
  }
}

/** @returns the connection as it was before; undefined when it did not name the new version, or no longer does */
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
