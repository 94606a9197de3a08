import type { Connection } from '../../core/destination/connection.ts';
import { requiredTextOf } from '../input.ts';
import type { ControlDependencies, Operation } from '../operation.ts';
import {
  ownSecretId,
  refuseTransitional,
  removeConnection,
  requireConnection,
  writeConnection,
} from './connection-writes.ts';
import { changedConnectionAnswer } from './read-connections.ts';

const verb = 'deauthorize';

/** What Describe shows as the reason afterwards. */
const stateReason = 'Its authorization parameters were removed by DeauthorizeConnection.';

/**
 * Takes a connection's credentials away. A secret that its policy names stays as it is, and is not read any more until the
 * policy is put again.
 *
 * Failure policy: first the item says DEAUTHORIZING, so that nothing uses the credentials, and still names the secret;
 * then the secret goes; then the item forgets it. What fails half-way is finished by the next DeauthorizeConnection.
 */
export function deauthorizeConnection(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const connection = await requireConnection(dependencies, verb, requiredTextOf(input, 'Name'));
    const deauthorizing = await begin(dependencies, connection);
    await dependencies.secretWriter.remove(ownSecretId(deauthorizing));
    await writeConnection(dependencies, verb, deauthorizing, {
      state: 'DEAUTHORIZED',
      stateReason,
      authorizingSinceMs: undefined,
      secretArn: undefined,
      secretVersion: undefined,
      visibleAuthParameters: {},
    });
    return changedConnectionAnswer(deauthorizing);
  };
}

async function begin(dependencies: ControlDependencies, connection: Connection): Promise<Connection> {
  if (connection.state === 'DEAUTHORIZING') return connection;
  refuseTransitional(verb, connection);
  return writeConnection(dependencies, verb, connection, { state: 'DEAUTHORIZING', stateReason: undefined });
}

/**
 * Deletes a connection, in whatever state it is. One that API destinations use may be deleted: they turn INACTIVE. A
 * deletion that failed half-way is finished by the next one.
 */
export function deleteConnection(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const connection = await requireConnection(dependencies, 'delete', requiredTextOf(input, 'Name'));
    return changedConnectionAnswer(await removeConnection(dependencies, 'delete', connection));
  };
}
