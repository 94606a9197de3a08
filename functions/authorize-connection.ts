import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import type { AuthorizeConnection } from '../lib/delivery/token/connection-authorization.ts';
import { createConnectionAuthorization } from '../lib/delivery/token/connection-authorization.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { AuthorizationOverrides } from './wiring.ts';
import { wireAuthorization } from './wiring.ts';
import { createEntry } from './entry.ts';

export interface AuthorizeConnectionDependencies {
  readonly authorize: AuthorizeConnection;
  readonly clock: Clock;
}

/** Handles an asynchronous invocation with `{ name, incarnation }`. Rejects when Lambda should invoke it again. */
export function createHandler({ authorize, clock }: AuthorizeConnectionDependencies) {
  return (input: unknown, context: Context): Promise<unknown> =>
    withDeadline(clock, context.getRemainingTimeInMillis(), ({ signal }) => authorize(input, signal));
}

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  overrides: AuthorizationOverrides = {},
): AuthorizeConnectionDependencies {
  const wired = wireAuthorization(parseConfig(environment), aws, overrides);
  const authorize = createConnectionAuthorization(wired);
  return {
    authorize: (input, signal) => wired.during(signal, () => authorize(input, signal)),
    clock: wired.clock,
  };
}

export const handler = createEntry(() => createHandler(dependenciesFrom(process.env)));
