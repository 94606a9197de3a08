import type { Context, SQSBatchResponse } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { comesFromFifoQueue, parseSqsEvent } from '../lib/core/message/sqs-event.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import type { DeliverMessages } from '../lib/delivery/deliver-messages.ts';
import { createMessageDeliverer } from '../lib/delivery/deliver-messages.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliverOverrides } from './wiring.ts';
import { loadFirstDelivery, orderedDelivererOnDemand } from './aws-on-demand.ts';
import { inputs } from './invocation.ts';
import { wireDeliver } from './wiring.ts';
import { createEntry } from './entry.ts';

export interface DeliverQueuedDependencies {
  readonly deliverMessages: DeliverMessages;
  /** Delivers messages of the ordered queue; absent when the stack has none. */
  readonly deliverInOrder?: DeliverMessages | undefined;
  readonly clock: Clock;
}

/** Consumes the delivery queue and the ordered queue, and reports each unsettled message as failed, so that SQS delivers it again. */
export function createHandler({ deliverMessages, deliverInOrder = deliverMessages, clock }: DeliverQueuedDependencies) {
  return async (event: unknown, context: Context): Promise<SQSBatchResponse> => {
    const messages = parseSqsEvent(event, clock.nowMs());
    const work = comesFromFifoQueue(event) ? deliverInOrder : deliverMessages;
    const unsettled = await withDeadline(clock, context.getRemainingTimeInMillis(), (deadline) =>
      work(messages, deadline),
    );
    return { batchItemFailures: unsettled.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  overrides: DeliverOverrides = {},
): DeliverQueuedDependencies {
  const config = parseConfig(environment);
  const { deliver, queues, progress, during, clock, horizon } = wireDeliver(config, aws, inputs.batch, overrides);
  const { received, rawMessages } = queues;
  const apiDestination = config.API_DESTINATION;
  const deliverMessages = createMessageDeliverer({
    deliver,
    received,
    rawMessages,
    clock,
    random: Math.random,
    horizon,
    apiDestination,
  });
  const parts = { deliver, rawMessages, clock, apiDestination };
  const deliverInOrder = orderedDelivererOnDemand(parts, queues.ordered, progress);
  return {
    ...(config.ORDERED_QUEUE_URL !== undefined && {
      deliverInOrder: (messages, deadline) => during(deadline, () => deliverInOrder(messages, deadline)),
    }),
    deliverMessages: (messages, deadline) => during(deadline, () => deliverMessages(messages, deadline)),
    clock,
  };
}

export const handler = createEntry(() => createHandler(dependenciesFrom(process.env)), loadFirstDelivery);
