import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import type { Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import { createConnectionAuthorization } from '../../lib/delivery/authorize-connection.ts';
import { wireAuthorization } from '../wiring.ts';
import type { AuthorizeConnectionDependencies } from './handler.ts';

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(environment: Environment, aws: AwsClientConfig = {}): AuthorizeConnectionDependencies {
  const wired = wireAuthorization(parseConfig(environment), aws);
  return { authorize: createConnectionAuthorization(wired), clock: wired.clock };
}
