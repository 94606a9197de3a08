import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import type { DeliverInput } from '../lib/delivery/deliver-batch.ts';
import { createDeliverInput } from '../lib/delivery/deliver-batch.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliverOverrides } from './wiring.ts';
import { inputs, wireDeliver } from './wiring.ts';
import { createEntry } from './entry.ts';

export interface DeliverDependencies {
  readonly deliverInput: DeliverInput;
  readonly clock: Clock;
}

/** Handles one event as a rule's target. Rejects when the event stays with its sender, so that Lambda invokes again. */
export function createHandler({ deliverInput, clock }: DeliverDependencies) {
  return async (input: unknown, context: Context): Promise<unknown> => {
    const {
      settlement,
      bug: _bug,
      ...conclusion
    } = await withDeadline(clock, context.getRemainingTimeInMillis(), (deadline) => deliverInput(input, deadline));
    if (settlement.kind === 'returned') throw settlement.error;
    return { outcome: settlement.kind, ...conclusion };
  };
}

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  overrides: DeliverOverrides = {},
): DeliverDependencies {
  const config = parseConfig(environment);
  const { deliver, metrics, clock } = wireDeliver(config, aws, inputs.single, overrides);
  const deliverInput = createDeliverInput({ deliver, clock, apiDestination: config.API_DESTINATION });
  return {
    deliverInput: (input, deadline) => metrics.during(deadline.signal, () => deliverInput(input, deadline)),
    clock,
  };
}

export const handler = createEntry('deliver', () => createHandler(dependenciesFrom(process.env)));
