import type { JsonObject } from '../input/json.ts';
import type { UnauthorizedRun } from './unauthorized-run.ts';

export type AuthorizationType = 'BASIC' | 'API_KEY' | 'OAUTH_CLIENT_CREDENTIALS';

/** Source: shape ConnectionState of the EventBridge service model, less the private-connectivity states. */
export type ConnectionState =
  | 'CREATING'
  | 'UPDATING'
  | 'DELETING'
  | 'AUTHORIZED'
  | 'DEAUTHORIZED'
  | 'AUTHORIZING'
  | 'DEAUTHORIZING';

/** What the table holds of a connection. Its credentials are in its secret and nowhere else. */
export interface Connection {
  readonly name: string;
  readonly arn: string;
  /** UUID of the ARN; keys the connection's token. */
  readonly incarnation: string;
  readonly description?: string;
  readonly state: ConnectionState;
  readonly stateReason?: string;
  readonly authorizationType: AuthorizationType;
  /** Name of the secret: known before the secret exists, so that a half-made one can be found and removed. */
  readonly secretName: string;
  /**
   * The secret that holds the credentials: its own, or the one that its policy names. Absent while the connection is CREATING,
   * and while it has none.
   */
  readonly secretArn?: string;
  /** The version that is in force. Of a secret that its policy names, the one that was current when somebody last looked. */
  readonly secretVersion?: string;
  /** AuthParameters as DescribeConnection shows them: nothing secret in it. */
  readonly visibleAuthParameters: JsonObject;
  /** Absent means that its owner has set none. */
  readonly policy?: ConnectionPolicy;
  readonly creationTimeMs: number;
  readonly lastModifiedTimeMs: number;
  readonly lastAuthorizedTimeMs?: number;
  /** When the credentials were put in force whose first token is wanted; only while AUTHORIZING. */
  readonly authorizingSinceMs?: number;
  /**
   * Requests refused in a row with the secret version that is in force. The workers' own: whoever else writes a connection
   * leaves it alone.
   */
  readonly unauthorizedRun?: UnauthorizedRun;
  /** Raised by one with every write but those of the run: concurrent updates are told apart by it. */
  readonly revision: number;
}

/** How long an AUTHORIZING connection has waited for its token, ms: a change of anything but its credentials does not restart it. */
export function authorizingForMs({ authorizingSinceMs, lastModifiedTimeMs }: Connection, nowMs: number): number {
  return nowMs - (authorizingSinceMs ?? lastModifiedTimeMs);
}

/** ARN of the secret that somebody else keeps and the credentials are taken from; undefined when they are in a secret of its own. */
export function namedSecretArn({ policy, secretArn }: Connection): string | undefined {
  return policy?.secretArn === secretArn ? secretArn : undefined;
}

/**
 * The connection once its named secret has another current version.
 *
 * One that was deauthorized is in force again: what was refused was the version before. Whether the new one is any good shows
 * with the next request or token, and only that is worth another refusal.
 */
export function withVersion({ stateReason, ...connection }: Connection, version: string, nowMs: number): Connection {
  const isRestored = connection.state === 'DEAUTHORIZED';
  return {
    ...connection,
    ...(isRestored
      ? { state: 'AUTHORIZED', lastAuthorizedTimeMs: nowMs }
      : stateReason !== undefined && { stateReason }),
    secretVersion: version,
    lastModifiedTimeMs: nowMs,
    revision: connection.revision + 1,
  };
}

/** What a connection's owner allows beyond what EventBridge knows; every member is optional. */
export interface ConnectionPolicy {
  /**
   * The only hosts that requests with its credentials may go to: `api.example.com`, or `*.example.com` for every name with
   * one label more, in lower case. Absent: any.
   */
  readonly allowedHosts?: readonly string[];
  /** A secret that the owner keeps, whose current version holds the credentials, instead of the connection's own. */
  readonly secretArn?: string;
}
