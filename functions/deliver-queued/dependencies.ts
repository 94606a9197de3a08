import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import { createSqsReceivedMessages } from '../../lib/adapters/sqs-received-messages.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
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
  const { deliver, sqs } = wireDeliver(config, aws, horizonsMs.batch, overrides);
  const received = createSqsReceivedMessages(sqs, config.DELIVERY_QUEUE_URL);
  const apiDestination = config.API_DESTINATION;
  return {
    deliverBatch: createBatchDeliverer({ deliver, received, random: Math.random, apiDestination }),
    clock: systemClock,
  };
}
