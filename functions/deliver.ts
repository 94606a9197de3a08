import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { parseInvocationTrace } from '../lib/core/delivery/trace.ts';
import type { Deadline } from '../lib/delivery/deadline.ts';
import { answerWithinMs } from '../lib/core/message/answer-time.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import { answerOf, answerOfElements } from '../lib/delivery/deliver-answer.ts';
import type { DeliverElements, DeliverInput } from '../lib/delivery/deliver-input.ts';
import { createDeliverElements, createDeliverInput, mayHoldElements } from '../lib/delivery/deliver-input.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliverOverrides } from './wiring.ts';
import { loadFirstDelivery } from './aws-on-demand.ts';
import { inputs } from './invocation.ts';
import { wireDeliver } from './wiring.ts';
import { createEntry } from './entry.ts';

export interface DeliverDependencies {
  readonly deliverInput: DeliverInput;
  readonly deliverElements: DeliverElements;
  readonly clock: Clock;
  /** The X-Ray header of the running invocation. */
  readonly traceHeader: () => string | undefined;
  /** How long the sender waits for an answer, if an envelope does not say so. Default: as long as the function may run. */
  readonly longestAnswerMs?: number | undefined;
}

/**
 * Handles the input of one invocation: one event, or an array of events. Rejects when an event stays with its sender, so that
 * the sender invokes again. A pipe whose source is a queue invokes again with these messages only.
 *
 * If the sender waits for the answer, the invocation ends before the sender gives up. Events that cannot be sent in time go to the
 * delivery queue. Otherwise the sender would send them again while they are still being delivered.
 */
export function createHandler(dependencies: DeliverDependencies) {
  const { deliverInput, deliverElements, clock, traceHeader, longestAnswerMs } = dependencies;
  return async (input: unknown, context: Context): Promise<unknown> => {
    const invocation = { id: context.awsRequestId, trace: parseInvocationTrace(traceHeader()) };
    const remainingMs = Math.min(
      context.getRemainingTimeInMillis(),
      answerWithinMs(input) ?? longestAnswerMs ?? Number.POSITIVE_INFINITY,
    );
    const run = <Result>(work: (deadline: Deadline) => Promise<Result>) => withDeadline(clock, remainingMs, work);
    const several = mayHoldElements(input)
      ? await run((deadline) => deliverElements(input, deadline, invocation))
      : undefined;
    if (several !== undefined) return answerOfElements(several, Array.isArray(input));
    const conclusion = await run((deadline) => deliverInput(input, deadline, invocation));
    if (conclusion.settlement.kind === 'returned') throw conclusion.settlement.error;
    return answerOf(conclusion);
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
  const parts = { deliver, clock, apiDestination: config.API_DESTINATION };
  const deliverInput = createDeliverInput(parts);
  const deliverElements = createDeliverElements(parts);
  return {
    deliverInput: (input, deadline, invocation) => during(deadline, () => deliverInput(input, deadline, invocation)),
    deliverElements: (input, deadline, invocation) =>
      during(deadline, () => deliverElements(input, deadline, invocation)),
    clock,
    longestAnswerMs: config.ANSWER_WITHIN_SECONDS && config.ANSWER_WITHIN_SECONDS * 1000,
    // Lambda sets this variable anew for each invocation.
    traceHeader: () => environment['_X_AMZN_TRACE_ID'],
  };
}

export const handler = createEntry(() => createHandler(dependenciesFrom(process.env)), loadFirstDelivery);
