import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import { createSqsRawMessages } from '../../lib/adapters/sqs-raw-messages.ts';
import { createSqsReceivedMessages } from '../../lib/adapters/sqs-received-messages.ts';
import type { Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import { createBatchDeliverer } from '../../lib/delivery/deliver-batch.ts';
import type { DeliverOverrides } from '../wiring.ts';
import { horizonsMs, wireDeliver } from '../wiring.ts';
import type { DeliverQueuedDependencies } from './handler.ts';

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  overrides: DeliverOverrides = {},
): DeliverQueuedDependencies {
  const config = parseConfig(environment);
  const { deliver, sqs, metrics, clock } = wireDeliver(config, aws, horizonsMs.batch, overrides);
  const received = createSqsReceivedMessages(sqs, config.DELIVERY_QUEUE_URL);
  const apiDestination = config.API_DESTINATION;
  const rawMessages = createSqsRawMessages(sqs, config.DELIVERY_QUEUE_URL, config.DEAD_LETTER_QUEUE_URL);
  const deliverBatch = createBatchDeliverer({
    deliver,
    received,
    rawMessages,
    clock,
    random: Math.random,
    apiDestination,
  });
  return {
    deliverBatch: (messages, deadline) => metrics.during(deadline.signal, () => deliverBatch(messages, deadline)),
    clock,
  };
}
