import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import type { Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import { createDeliverInput } from '../../lib/delivery/deliver-input.ts';
import type { DeliverOverrides } from '../wiring.ts';
import { horizonsMs, wireDeliver } from '../wiring.ts';
import type { DeliverDependencies } from './handler.ts';

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  overrides: DeliverOverrides = {},
): DeliverDependencies {
  const config = parseConfig(environment);
  const { deliver, metrics, clock } = wireDeliver(config, aws, horizonsMs.single, overrides);
  const deliverInput = createDeliverInput({ deliver, clock, apiDestination: config.API_DESTINATION });
  return {
    deliverInput: (input, deadline) => metrics.during(deadline.signal, () => deliverInput(input, deadline)),
    clock,
  };
}
