import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createSqsClient } from '../lib/adapters/aws/sqs-client.ts';
import { createSqsDeadLetters } from '../lib/adapters/sqs/dead-letters.ts';
import { createSqsDeliveryQueue } from '../lib/adapters/sqs/delivery-queue.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config } from '../lib/config.ts';
import type { RedriveDependencies } from '../lib/delivery/redrive/redrive.ts';

/** Connects the reading of dead letters with the queues. */
export function wireDeadLetters(config: Config, aws: AwsClientConfig): RedriveDependencies {
  const clock = systemClock;
  const sqs = createSqsClient(aws);
  return {
    deadLetters: createSqsDeadLetters(sqs, config.DEAD_LETTER_QUEUE_URL, clock),
    queue: createSqsDeliveryQueue(sqs, config.DELIVERY_QUEUE_URL, clock),
    clock,
    apiDestination: config.API_DESTINATION,
  };
}
