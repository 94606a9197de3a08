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

/** DescribeConnection shows this as StateReason afterwards. */
const stateReason = 'DeauthorizeConnection removed the authorization parameters.';

/**
 * Removes a connection's credentials. A secret that the connection policy names is not changed, but is no longer read until
 * the next PutConnectionPolicy.
 *
 * Failure policy: first the state becomes DEAUTHORIZING, so that nothing uses the credentials. The item still names the
 * secret. Then the secret is removed, and after it the name in the item. After a failure half-way the next
 * DeauthorizeConnection finishes the work.
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
 * Deletes a connection in any state. API destinations that use it do not prevent this; they become INACTIVE. After a
 * failure half-way the next DeleteConnection finishes the work.
 */
export function deleteConnection(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const connection = await requireConnection(dependencies, 'delete', requiredTextOf(input, 'Name'));
    return changedConnectionAnswer(await removeConnection(dependencies, 'delete', connection));
  };
}
