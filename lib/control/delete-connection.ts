import { changedConnectionAnswer } from './connection-answers.ts';
import { removeConnection, requireConnection } from './connection-writes.ts';
import { requiredTextOf } from './input.ts';
import type { ControlDependencies, Operation } from './operation.ts';

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
