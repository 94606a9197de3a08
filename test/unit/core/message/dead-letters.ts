import type { Delivery, DeliveryTarget } from '../../../../lib/core/delivery/delivery.ts';
import type { FailureCode } from '../../../../lib/core/failure/failure.ts';
import { formatDeadLetter } from '../../../../lib/core/message/dead-letter-message.ts';
import type { QueueMessage } from '../../../../lib/core/message/queue-message.ts';

export interface DeadLetterMembers {
  readonly apiDestination?: string;
  readonly code?: FailureCode;
  readonly rule?: string;
  readonly target?: DeliveryTarget;
  readonly attempts?: number;
  readonly trace?: Delivery['trace'];
}

/** The word `canary` in the event must not be shown. */
export function failedDelivery(id: string, members: DeadLetterMembers = {}): Delivery {
  const { apiDestination = 'orders', rule, target = {}, attempts = 3, trace } = members;
  const text = JSON.stringify({ id, source: 'shop', 'detail-type': 'Order Placed', detail: { note: 'canary' } });
  return {
    apiDestination,
    event: { value: JSON.parse(text), text },
    target,
    attempts,
    postponements: 1,
    firstReceivedAtMs: 5,
    ...(attempts > 0 && { attemptTimes: { firstMs: 6, lastMs: 7 } }),
    ...(rule !== undefined && { rule }),
    ...(trace !== undefined && { trace }),
  };
}

/** A dead letter of ours, of an event with this id. */
export function deadLetterOf(id: string, members: DeadLetterMembers = {}): QueueMessage {
  const delivery = failedDelivery(id, members);
  const failed = {
    code: members.code ?? 'EndpointRejected',
    reason: 'The endpoint answered 400.',
    status: 400,
  } as const;
  return formatDeadLetter({ ...failed, body: delivery.event.text ?? '', delivery, answer: 'canary' });
}
