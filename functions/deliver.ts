import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { parseInvocationTrace } from '../lib/core/delivery/trace.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import type { DeliverInput } from '../lib/delivery/deliver-batch.ts';
import { createDeliverInput } from '../lib/delivery/deliver-batch.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliverOverrides } from './wiring.ts';
import { loadFirstDelivery } from './aws-on-demand.ts';
import { inputs } from './invocation.ts';
import { wireDeliver } from './wiring.ts';
import { createEntry } from './entry.ts';

export interface DeliverDependencies {
  readonly deliverInput: DeliverInput;
  readonly clock: Clock;
  /** The X-Ray header of the running invocation. */
  readonly traceHeader: () => string | undefined;
}

/** Handles one event as a rule's target. Rejects when the event stays with its sender, so that Lambda invokes again. */
export function createHandler({ deliverInput, clock, traceHeader }: DeliverDependencies) {
  return async (input: unknown, context: Context): Promise<unknown> => {
    const trace = parseInvocationTrace(traceHeader());
    const {
      settlement,
      bug: _bug,
      ...conclusion
    } = await withDeadline(clock, context.getRemainingTimeInMillis(), (deadline) =>
      deliverInput(input, deadline, trace),
    );
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
  const { deliver, during, clock } = wireDeliver(config, aws, inputs.single, overrides);
  const deliverInput = createDeliverInput({ deliver, clock, apiDestination: config.API_DESTINATION });
  return {
    deliverInput: (input, deadline, trace) => during(deadline, () => deliverInput(input, deadline, trace)),
    clock,
    // Lambda sets this variable anew for each invocation.
    traceHeader: () => environment['_X_AMZN_TRACE_ID'],
  };
}

export const handler = createEntry(() => createHandler(dependenciesFrom(process.env)), loadFirstDelivery);
