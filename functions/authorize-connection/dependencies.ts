import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import type { Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import { createConnectionAuthorization } from '../../lib/delivery/authorize-connection.ts';
import type { AuthorizationOverrides } from '../wiring.ts';
import { wireAuthorization } from '../wiring.ts';
import type { AuthorizeConnectionDependencies } from './handler.ts';

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  overrides: AuthorizationOverrides = {},
): AuthorizeConnectionDependencies {
  const wired = wireAuthorization(parseConfig(environment), aws, overrides);
  const authorize = createConnectionAuthorization(wired);
  return {
    authorize: (input, signal) => wired.metrics.during(signal, () => authorize(input, signal)),
    clock: wired.clock,
  };
}
