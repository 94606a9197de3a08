import type { JsonObject } from '../input/json.ts';
import type { UnauthorizedRun } from './unauthorized-run.ts';

export type AuthorizationType = 'BASIC' | 'API_KEY' | 'OAUTH_CLIENT_CREDENTIALS';

/** Source: shape ConnectionState of the EventBridge service model, without the states of private connectivity. */
export type ConnectionState =
  | 'CREATING'
  | 'UPDATING'
  | 'DELETING'
  | 'AUTHORIZED'
  | 'DEAUTHORIZED'
  | 'AUTHORIZING'
  | 'DEAUTHORIZING';

/** A connection as the table stores it. Its credentials are only in its secret. */
export interface Connection {
  readonly name: string;
  readonly arn: string;
  /** The UUID in the ARN. It identifies the connection's token. */
  readonly incarnation: string;
  readonly description?: string;
  readonly state: ConnectionState;
  readonly stateReason?: string;
  readonly authorizationType: AuthorizationType;
  /**
   * Name of the secret. It is stored before the secret is created, so that a CreateConnection that stops halfway can be
   * cleaned up.
   */
  readonly secretName: string;
  /**
   * The secret that holds the credentials: the connection's own, or the one that its policy names. Absent while the connection
   * is CREATING, and while it has no secret.
   */
  readonly secretArn?: string;
  /** The secret version in use. For a secret that the policy names: the current version when the secret was last read. */
  readonly secretVersion?: string;
  /** AuthParameters as DescribeConnection shows them, without any secret value. */
  readonly visibleAuthParameters: JsonObject;
  /** Absent when no policy is set. */
  readonly policy?: ConnectionPolicy;
  readonly creationTimeMs: number;
  readonly lastModifiedTimeMs: number;
  readonly lastAuthorizedTimeMs?: number;
  /** When the credentials that still need their first token were set. Present only while the connection is AUTHORIZING. */
  readonly authorizingSinceMs?: number;
  /**
   * The run of refused requests that used the present secret version. Only workers write it; the control API never changes it.
   */
  readonly unauthorizedRun?: UnauthorizedRun;
  /** Rises by one with every write, except writes of `unauthorizedRun`. Used to detect concurrent updates. */
  readonly revision: number;
}

/** How long an AUTHORIZING connection has waited for its first token, ms. Only new credentials restart this time. */
export function authorizingForMs({ authorizingSinceMs, lastModifiedTimeMs }: Connection, nowMs: number): number {
  return nowMs - (authorizingSinceMs ?? lastModifiedTimeMs);
}

/** ARN of the secret that the policy names for the credentials; undefined when they are in the connection's own secret. */
export function namedSecretArn({ policy, secretArn }: Connection): string | undefined {
  return policy?.secretArn === secretArn ? secretArn : undefined;
}

/**
 * Returns the changed connection when the secret that its policy names has a new current version.
 *
 * A deauthorized connection is AUTHORIZED again, because the endpoint has refused only the previous version. The next request
 * or token shows whether the new version is accepted.
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

/** Settings of a connection that EventBridge does not have. Every member is optional. */
export interface ConnectionPolicy {
  /**
   * The only hosts that may get requests with the connection's credentials, in lower case: `api.example.com`, or
   * `*.example.com` for every name with exactly one more label. Absent means any host.
   */
  readonly allowedHosts?: readonly string[];
  /**
   * ARN of a secret that the owner maintains. The credentials are in its current version, and no longer in the connection's own
   * secret.
   */
  readonly secretArn?: string;
}
