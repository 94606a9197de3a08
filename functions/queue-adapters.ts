import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { RequestSettings } from '../lib/adapters/aws/signed-request.ts';
import { createSqsClient } from '../lib/adapters/aws/sqs-client.ts';
import { createSqsDeadLetterQueue } from '../lib/adapters/sqs/dead-letter-queue.ts';
import { createSqsDeliveryQueue, createSqsRawMessages } from '../lib/adapters/sqs/delivery-queue.ts';
import { createSqsHeldMessages, createSqsOrderedQueue } from '../lib/adapters/sqs/ordered-queue.ts';
import { createSignedQueueCalls } from '../lib/adapters/sqs/queue-calls.ts';
import { createSqsReceivedMessages } from '../lib/adapters/sqs/received-messages.ts';
import type { Config } from '../lib/config.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeadLetterQueue, DeliveryQueue, RawMessages, ReceivedMessages } from '../lib/ports/delivery.ts';
import type { HeldMessages, OrderedQueue } from '../lib/ports/order.ts';

/** The ports whose adapters call SQS. */
export interface Queues {
  readonly queue: DeliveryQueue;
  readonly deadLetters: DeadLetterQueue;
  readonly received: ReceivedMessages;
  readonly rawMessages: RawMessages;
  /** The ports of the ordered queue. They fail when the stack has none. */
  readonly ordered: OrderedPorts;
  /** The configuration of the client for SQS. */
  readonly settings: RequestSettings;
}

export interface OrderedPorts {
  readonly queue: OrderedQueue;
  readonly received: ReceivedMessages;
  readonly held: HeldMessages;
}

/** Performance: this file brings the AWS client for SQS with it, so it is imported on demand. */
export function createQueues(
  {
    DELIVERY_QUEUE_URL: deliveriesUrl,
    DEAD_LETTER_QUEUE_URL: deadLettersUrl,
    ORDERED_QUEUE_URL: orderedUrl = '',
  }: Config,
  aws: AwsClientConfig,
  clock: Clock,
): Queues {
  const sqs = createSqsClient(aws);
  const calls = createSignedQueueCalls(sqs.config, clock);
  return {
    queue: createSqsDeliveryQueue(calls, deliveriesUrl, clock),
    deadLetters: createSqsDeadLetterQueue(calls, { deadLettersUrl, deliveriesUrl }),
    received: createSqsReceivedMessages(calls, deliveriesUrl),
    rawMessages: createSqsRawMessages(sqs, deliveriesUrl, deadLettersUrl),
    ordered: {
      queue: createSqsOrderedQueue(calls, orderedUrl),
      received: createSqsReceivedMessages(calls, orderedUrl),
      held: createSqsHeldMessages(calls, orderedUrl),
    },
    settings: sqs.config,
  };
}
