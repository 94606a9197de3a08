import { formatEventsArn } from '../../core/destination/arn.ts';
import type { AuthorizationType, Connection } from '../../core/destination/connection.ts';
import { parseAuthParameters, secretTextOf, visibleAuthParameters } from './auth-parameters.ts';
import { createdConnectionAnswer } from './read-connections.ts';
import { isAbandoned, removeConnection, writeConnection } from './connection-writes.ts';
import { objectOf, requiredTextOf, textOf } from '../input.ts';
import type { Caller, ControlDependencies, Operation } from '../operation.ts';
import { alreadyExists, quota, quotaReached } from '../refusals.ts';

const verb = 'create';

/**
 * Creates the item, then the secret, then makes the connection usable.
 *
 * Failure policy: the item is written first, in state CREATING and with the name of its future secret. The secret can
 * therefore always be found. After a failure, this request removes both. If the removal also fails, the item stays, but no
 * worker uses it. DeleteConnection removes the item and its secret; after 60 s, CreateConnection does so too.
 */
export function createConnection(dependencies: ControlDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'Name');
    const authorizationType = requiredTextOf(input, 'AuthorizationType') as AuthorizationType;
    const context = { verb, allowlist: dependencies.allowlist } as const;
    const secret = parseAuthParameters(authorizationType, objectOf(input, 'AuthParameters') ?? {}, context);
    const secretText = secretTextOf(secret, context);
    const visible = { authorizationType, visibleAuthParameters: visibleAuthParameters(secret) };
    const description = textOf(input, 'Description');
    await makeRoom(dependencies, name);
    const creating = newConnection(dependencies, caller, name, {
      ...visible,
      ...(description === undefined || description === '' ? {} : { description }),
    });
    try {
      if ((await dependencies.connections.create(creating)) !== 'written') throw new NameTaken();
      return createdConnectionAnswer(await putInForce(dependencies, creating, secretText));
    } catch (error) {
      if (error instanceof NameTaken) throw alreadyExists('connection', name);
      await undo(dependencies, creating);
      throw error;
    }
  };
}

/** Another connection already has this name. This request wrote nothing, so there is nothing to undo. */
class NameTaken extends Error {
  override readonly name = 'NameTaken';
}

/** @throws ServiceError when the name is in use, or the quota is reached */
async function makeRoom(dependencies: ControlDependencies, name: string): Promise<void> {
  const { connections, clock } = dependencies;
  const existing = await connections.read(name);
  if (existing !== undefined) {
    if (!isAbandoned(existing, clock.nowMs())) throw alreadyExists('connection', name);
    await removeConnection(dependencies, verb, existing);
  }
  if ((await connections.count()) >= quota) throw quotaReached('connection');
}

function newConnection(
  { newUuid, secretPrefix, clock }: ControlDependencies,
  { partition, region, account, identity }: Caller,
  name: string,
  members: Pick<Connection, 'authorizationType' | 'visibleAuthParameters' | 'description'>,
): Connection {
  const incarnation = identity?.incarnation ?? newUuid();
  const nowMs = clock.nowMs();
  return {
    name,
    arn: formatEventsArn({ partition, region, account, kind: 'connection', name, incarnation }),
    incarnation,
    state: 'CREATING',
    secretName: `${secretPrefix}${name}/${newUuid()}`,
    ...members,
    creationTimeMs: nowMs,
    lastModifiedTimeMs: nowMs,
    revision: 1,
  };
}

async function putInForce(
  dependencies: ControlDependencies,
  creating: Connection,
  secretText: string,
): Promise<Connection> {
  const { secretWriter, authorizer } = dependencies;
  const { secretArn, version } = await secretWriter.create(creating.secretName, secretText);
  const needsToken = creating.authorizationType === 'OAUTH_CLIENT_CREDENTIALS';
  const connection = await writeConnection(dependencies, verb, creating, {
    state: needsToken ? 'AUTHORIZING' : 'AUTHORIZED',
    secretArn,
    secretVersion: version,
    ...(needsToken && { authorizingSinceMs: dependencies.clock.nowMs() }),
    lastModifiedTimeMs: creating.lastModifiedTimeMs,
    // An OAuth connection shows this time even before it has a token. Source: recorded answers of the service.
    lastAuthorizedTimeMs: creating.lastModifiedTimeMs,
  });
  if (needsToken) await authorizer.start(connection);
  return connection;
}

/** The most tries of the removal. A try fails when a worker changes the connection's state meanwhile. */
const maxUndoAttempts = 3;

/**
 * Removes the item and the secret of a failed CreateConnection.
 *
 * Failure policy: errors in this function are dropped, because the client must get the error that made the creation fail.
 * The next DeleteConnection or CreateConnection removes what is left.
 */
async function undo(dependencies: ControlDependencies, creating: Connection): Promise<void> {
  for (let attempt = 1; attempt <= maxUndoAttempts; attempt += 1) {
    try {
      const stored = await dependencies.connections.read(creating.name);
      if (stored?.incarnation === creating.incarnation) await removeConnection(dependencies, verb, stored);
      else await dependencies.secretWriter.remove(creating.secretName);
      return;
    } catch {
      // A worker may have changed the state since the read, so the item is read again.
    }
  }
}
