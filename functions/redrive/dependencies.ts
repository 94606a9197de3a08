import type { AwsClientConfig } from '../../lib/adapters/aws-clients.ts';
import { createSqsClient } from '../../lib/adapters/aws-clients.ts';
import { createSqsDeadLetters } from '../../lib/adapters/sqs-dead-letters.ts';
import { createSqsDeliveryQueue } from '../../lib/adapters/sqs-delivery-queue.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { Environment } from '../../lib/config.ts';
import { parseConfig } from '../../lib/config.ts';
import { createRedrive } from '../../lib/delivery/redrive.ts';
import type { RedriveDependencies } from './handler.ts';

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(environment: Environment, aws: AwsClientConfig = {}): RedriveDependencies {
  const config = parseConfig(environment);
  const clock = systemClock;
  const sqs = createSqsClient(aws);
  const deadLetters = createSqsDeadLetters(sqs, config.DEAD_LETTER_QUEUE_URL, clock);
  const queue = createSqsDeliveryQueue(sqs, config.DELIVERY_QUEUE_URL, clock);
  return { redrive: createRedrive({ deadLetters, queue, clock, apiDestination: config.API_DESTINATION }), clock };
}
