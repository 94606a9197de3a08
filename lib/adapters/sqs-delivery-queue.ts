import type { SQSClient } from '@aws-sdk/client-sqs';
import { formatQueuedDelivery } from '../core/queued-delivery.ts';
import type { Clock, DeliveryQueue } from '../ports.ts';
import { createSqsSender } from './sqs-batches.ts';

/** Source: SQS API reference, DelaySeconds. What waits longer arrives early and is sent again. */
export const maxDelaySeconds = 900;

/** A wait for the rate is cut shorter, so that a backlog hears of a rate that was raised: a hop a minute is its price. */
const maxTurnDelaySeconds = 60;

/**
 * Failure policy: a delivery that comes back before its time costs a message and no attempt; one that sleeps through a
 * change would keep its endpoint waiting. So whoever waits for the rate is sent again each minute, everybody else at the
 * longest delay there is.
 */
export function createSqsDeliveryQueue(sqs: SQSClient, queueUrl: string, clock: Clock): DeliveryQueue {
  const send = createSqsSender(sqs, queueUrl);
  return {
    async send(queued, group) {
      const waitMs = (queued.notBeforeMs ?? 0) - clock.nowMs();
      const longest = queued.turnGeneration === undefined ? maxDelaySeconds : maxTurnDelaySeconds;
      const delaySeconds = Math.min(longest, Math.max(0, Math.ceil(waitMs / 1000)));
      await send(formatQueuedDelivery(queued), { delaySeconds, group });
    },
  };
}
