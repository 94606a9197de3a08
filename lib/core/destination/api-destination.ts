import type { Connection } from './connection.ts';
import type { DeliveryPolicyOverrides } from './delivery-policy.ts';

/** Source: shape ApiDestinationHttpMethod of the EventBridge service model. */
export type HttpMethod = 'POST' | 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiDestination {
  readonly name: string;
  readonly arn: string;
  /** The UUID in the ARN. It identifies the destination's rate. */
  readonly incarnation: string;
  readonly description?: string;
  readonly connectionArn: string;
  /** URL; each `*` is a path parameter. */
  readonly invocationEndpoint: string;
  readonly httpMethod: HttpMethod;
  readonly invocationRateLimitPerSecond: number;
  /** The members of the delivery policy that this destination sets; absent means that all members have their defaults. */
  readonly policy?: DeliveryPolicyOverrides;
  readonly creationTimeMs: number;
  readonly lastModifiedTimeMs: number;
  readonly revision: number;
}

/** EventBridge's default. DescribeApiDestination and ListApiDestinations show it if no limit was given. */
export const defaultInvocationRateLimitPerSecond = 300;

/** A destination's state is not stored. It depends on the state of its connection, which may have been deleted. */
export function apiDestinationState(
  apiDestination: ApiDestination,
  connection: Connection | undefined,
): 'ACTIVE' | 'INACTIVE' {
  const authorized = connection?.arn === apiDestination.connectionArn && connection.state === 'AUTHORIZED';
  return authorized ? 'ACTIVE' : 'INACTIVE';
}
