import type { Connection, ConnectionState } from '../../core/destination/connection.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { epochSeconds, nextTokenOf, pageRequestOf, requiredTextOf, textOf } from '../input.ts';
import type { ControlDependencies, Operation } from '../operation.ts';
import { requireConnection } from './connection-writes.ts';

export function describeConnection(dependencies: ControlDependencies): Operation {
  return async (input) =>
    describedConnection(await requireConnection(dependencies, 'describe', requiredTextOf(input, 'Name')));
}

export function listConnections({ connections }: ControlDependencies): Operation {
  return async (input) => {
    // The service model also allows the states of private connectivity. No connection here has one of them.
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

/** The answer of CreateConnection, without LastAuthorizedTime. Source: recorded answers of the service. */
export function createdConnectionAnswer(connection: Connection): JsonObject {
  return {
    ConnectionArn: connection.arn,
    ConnectionState: connection.state,
    CreationTime: epochSeconds(connection.creationTimeMs),
    LastModifiedTime: epochSeconds(connection.lastModifiedTimeMs),
  };
}

/** The answer of UpdateConnection, DeauthorizeConnection and DeleteConnection. */
export function changedConnectionAnswer(connection: Connection): JsonObject {
  return withoutUndefined({
    ...createdConnectionAnswer(connection),
    LastAuthorizedTime: lastAuthorizedTime(connection),
  });
}

/** One connection in the answer of ListConnections. */
function listedConnection(connection: Connection): JsonObject {
  return withoutUndefined({
    ...changedConnectionAnswer(connection),
    Name: connection.name,
    StateReason: connection.stateReason,
    AuthorizationType: connection.authorizationType,
  });
}

function describedConnection(connection: Connection): JsonObject {
  const hasAuthParameters = Object.keys(connection.visibleAuthParameters).length > 0;
  return withoutUndefined({
    ...listedConnection(connection),
    Description: connection.description,
    SecretArn: connection.secretArn,
    AuthParameters: hasAuthParameters ? connection.visibleAuthParameters : undefined,
  });
}

function lastAuthorizedTime({ lastAuthorizedTimeMs }: Connection): number | undefined {
  return lastAuthorizedTimeMs === undefined ? undefined : epochSeconds(lastAuthorizedTimeMs);
}
