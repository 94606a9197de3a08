import type { ConnectionState } from '../core/connection.ts';
import { describedConnection, listedConnection } from './connection-answers.ts';
import { requireConnection } from './connection-writes.ts';
import { requiredTextOf, textOf, withoutUndefined } from './input.ts';
import type { ControlDependencies, Operation } from './operation.ts';
import { nextTokenOf, pageRequestOf } from './paging.ts';

export function describeConnection(dependencies: ControlDependencies): Operation {
  return async (input) =>
    describedConnection(await requireConnection(dependencies, 'describe', requiredTextOf(input, 'Name')));
}

export function listConnections({ connections }: ControlDependencies): Operation {
  return async (input) => {
    // States of private connectivity pass validation too; no connection has them.
    const state = textOf(input, 'ConnectionState') as ConnectionState | undefined;
    const binding = ['ListConnections', textOf(input, 'NamePrefix'), state];
    const request = pageRequestOf(input, 'connection', binding);
    const page = await connections.list({ ...request, ...(state === undefined ? {} : { state }) });
    return withoutUndefined({
      Connections: page.items.map(listedConnection),
      NextToken: nextTokenOf(page, binding),
    });
  };
}
