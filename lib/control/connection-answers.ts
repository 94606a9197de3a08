import type { Connection } from '../core/connection.ts';
import type { JsonObject } from '../core/json.ts';
import { epochSeconds, withoutUndefined } from './input.ts';

/** What CreateConnection answers; no time of authorization. Source: recorded answers of the service. */
export function createdConnectionAnswer(connection: Connection): JsonObject {
  return {
    ConnectionArn: connection.arn,
    ConnectionState: connection.state,
    CreationTime: epochSeconds(connection.creationTimeMs),
    LastModifiedTime: epochSeconds(connection.lastModifiedTimeMs),
  };
}

/** What UpdateConnection, DeauthorizeConnection and DeleteConnection answer. */
export function changedConnectionAnswer(connection: Connection): JsonObject {
  return withoutUndefined({
    ...createdConnectionAnswer(connection),
    LastAuthorizedTime: lastAuthorizedTime(connection),
  });
}

/** A member of what ListConnections answers. */
export function listedConnection(connection: Connection): JsonObject {
  return withoutUndefined({
    ...changedConnectionAnswer(connection),
    Name: connection.name,
    StateReason: connection.stateReason,
    AuthorizationType: connection.authorizationType,
  });
}

export function describedConnection(connection: Connection): JsonObject {
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
