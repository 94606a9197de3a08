import type { DeliveryTarget } from '../../../core/delivery/delivery.ts';
import { Failure } from '../../../core/failure/failure.ts';
import { formatQueuedDelivery } from '../../../core/message/queued-delivery.ts';
import type { QueueMessage } from '../../../core/message/queue-message.ts';
import type { StoredDispatch } from '../store/event-store.ts';
import type { RuleTarget } from '../store/model.ts';

/** The members that a delivery reads. */
const deliveryMembers = new Set([
  'Id',
  'Arn',
  'Input',
  'InputPath',
  'InputTransformer',
  'HttpParameters',
  'RetryPolicy',
  'DeadLetterConfig',
]);

export function deliveryTarget(target: RuleTarget): DeliveryTarget {
  return Object.fromEntries(Object.entries(target).filter(([name]) => deliveryMembers.has(name)));
}

/**
 * What the delivery queue gets of an event for an API destination, as a rule that targets the queue itself would send it:
 * the event's text stays as it is, the messages of a batch share a write of the rate, and the worker that takes them up is the
 * deployed one.
 *
 * @returns undefined when no message can hold it, compressed neither
 */
export function deliveryMessage({ event, ruleArn }: StoredDispatch, target: RuleTarget): QueueMessage | undefined {
  try {
    return formatQueuedDelivery({
      delivery: {
        apiDestination: target.Arn,
        event: { value: {}, text: event.text },
        rule: ruleArn,
        target: deliveryTarget(target),
        attempts: 0,
        postponements: 0,
        firstReceivedAtMs: event.acceptedAtMs,
      },
    });
  } catch (error) {
    if (error instanceof Failure && error.code === 'DeliveryTooLarge') return undefined;
    throw error;
  }
}

/** The input of `deliver` for the same: an asynchronous invocation of this stack has no bound. */
export function deliverPayload({ event, ruleArn }: StoredDispatch, target: RuleTarget): string {
  const envelope = { apiDestination: target.Arn, rule: ruleArn, target: deliveryTarget(target) };
  return `${JSON.stringify(envelope).slice(0, -1)},"event":${event.text}}`;
}
