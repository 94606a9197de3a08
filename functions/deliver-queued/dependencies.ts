import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import { createSqsNewerMessages } from '../../lib/adapters/sqs-newer-messages.ts';
import { createSqsReceivedMessages } from '../../lib/adapters/sqs-received-messages.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import { createBatchDeliverer } from '../../lib/delivery/deliver-batch.ts';
import { createPassOn } from '../../lib/delivery/newer-messages.ts';
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
  const { deliver, sqs, metrics } = wireDeliver(config, aws, horizonsMs.batch, overrides);
  const received = createSqsReceivedMessages(sqs, config.DELIVERY_QUEUE_URL);
  const apiDestination = config.API_DESTINATION;
  const newer = createSqsNewerMessages(sqs, config.DELIVERY_QUEUE_URL, config.DEAD_LETTER_QUEUE_URL);
  const passOn = createPassOn(newer, systemClock);
  const deliverBatch = createBatchDeliverer({ deliver, received, passOn, random: Math.random, apiDestination });
  return {
    deliverBatch: (messages, deadline) => metrics.during(deadline.signal, () => deliverBatch(messages, deadline)),
    clock: systemClock,
  };
}
