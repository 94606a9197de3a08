import type { JsonObject } from '../core/input/json.ts';

/*
 * The resources of EventBridge and of Lastmile before anything is moved. Nothing here is secret: EventBridge shows no credentials
 * in its descriptions.
 */

/** A target as ListTargetsByRule gives it, with all its members in their order. */
export type Target = JsonObject & { readonly Id: string; readonly Arn: string };

export interface Rule {
  readonly eventBusName: string;
  readonly name: string;
  /** The AWS service that owns the rule. Nobody else may change its targets. */
  readonly managedBy?: string;
  readonly targets: readonly Target[];
}

export interface ApiDestination {
  readonly name: string;
  readonly arn: string;
  readonly connectionArn: string;
  readonly invocationEndpoint: string;
  readonly httpMethod: string;
  readonly invocationRateLimitPerSecond?: number;
  readonly description?: string;
}

export interface Connection {
  readonly name: string;
  readonly arn: string;
  readonly authorizationType: string;
  readonly description?: string;
  /** The secret in which EventBridge keeps the credentials. */
  readonly secretArn?: string;
  /** The key that encrypts this secret, if it is one of the account's own. */
  readonly kmsKey?: string;
  /** AuthParameters as DescribeConnection shows them: without values that are secret. */
  readonly authParameters: JsonObject;
  /** Whether its requests go through a private resource (ResourceParameters). */
  readonly isPrivate: boolean;
}

/** The part of an account that can be moved, in one region. */
export interface EventBridgeState {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly connections: readonly Connection[];
  readonly destinations: readonly ApiDestination[];
  readonly rules: readonly Rule[];
}

/** What the stack of Lastmile has already. */
export interface LastmileState {
  readonly connections: readonly LastmileConnection[];
  readonly destinations: readonly ApiDestination[];
}

export interface LastmileConnection {
  readonly name: string;
  readonly arn: string;
  readonly authorizationType: string;
  /** Whether it still has the placeholder of an earlier run instead of credentials. */
  readonly hasPlaceholder: boolean;
}

export const emptyLastmile: LastmileState = { connections: [], destinations: [] };
