import type { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createSqsClient } from '../lib/adapters/aws/sqs-client.ts';
import { createSqsDeadLetters } from '../lib/adapters/sqs/dead-letters.ts';
import { createSqsDeliveryQueue } from '../lib/adapters/sqs/delivery-queue.ts';
import { createClientQueueCalls } from '../lib/adapters/sqs/queue-calls.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config, Environment } from '../lib/config.ts';
import { createDeadLetterOperations } from '../lib/control/history/dead-letter-operations.ts';
import type { ReplayDependencies } from '../lib/control/history/replay-delivery.ts';
import { createReplayOperation } from '../lib/control/history/replay-delivery.ts';
import type { Operation } from '../lib/control/operation.ts';
import { createDeadLetters } from '../lib/delivery/redrive/dead-letters.ts';
import type { RedriveDependencies } from '../lib/delivery/redrive/redrive.ts';
import { wireKeptEvents } from './kept-events.ts';

/** Connects the reading of dead letters with the queues. */
export function wireDeadLetters(config: Config, sqs: SQSClient): RedriveDependencies {
  const clock = systemClock;
  return {
    deadLetters: createSqsDeadLetters(sqs, config.DEAD_LETTER_QUEUE_URL, clock),
    queue: createSqsDeliveryQueue(createClientQueueCalls(sqs), config.DELIVERY_QUEUE_URL, clock),
    clock,
    apiDestination: config.API_DESTINATION,
  };
}

/** The operations of control-api that list and replay dead letters. */
export function wireDeadLetterOperations(
  config: Config,
  aws: AwsClientConfig,
  environment: Environment,
  { history, keptEvents }: Pick<ReplayDependencies, 'history' | 'keptEvents'>,
): Readonly<Record<string, Operation>> {
  const sqs = createSqsClient(aws);
  const wired = wireDeadLetters(config, sqs);
  const kept = keptEvents ?? wireKeptEvents(config, sqs.config, systemClock, environment);
  const deadLetters = createDeadLetters(wired);
  return {
    ...createDeadLetterOperations({ deadLetters }),
    ...createReplayOperation({ deadLetters, queue: wired.queue, history, keptEvents: kept }),
  };
}
