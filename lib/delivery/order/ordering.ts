import type { Delivery, Settlement } from '../../core/delivery/delivery.ts';
import type { ApiDestination } from '../../core/destination/api-destination.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { QueuedDelivery } from '../../core/message/queued-delivery.ts';
import type { Arrival, OrderRequest } from '../../core/order/group.ts';
import { inTime } from '../in-time.ts';
import type { DestinationReader } from '../route/resolver.ts';

/** An event that goes to the ordered queue. */
export interface HandedOver {
  readonly queued: QueuedDelivery;
  readonly order: OrderRequest;
  /** What brought the event; undefined when it is not known. */
  readonly arrival: Arrival | undefined;
}

/**
 * Sends an event to the ordered queue.
 *
 * Failure policy: an event that must keep its order is never attempted outside the ordered queue. If the queue does not accept it,
 * its sender still has it.
 *
 * @returns a failure if the queue will never accept the event, so that it must go to the dead letters: the stack has no ordered
 *   queue, the path of the group is malformed, or no message can hold the event
 */
export type HandOver = (handedOver: HandedOver, signal: AbortSignal) => Promise<Settlement | Failure>;

export interface Ordering {
  /**
   * The order that the target of the event or the policy of its API destination asks for. The target replaces the policy. Undefined
   * when neither asks. Performance: there is no promise when the API destination is cached.
   *
   * Failure policy: when the policy cannot be read, nobody knows whether the event must keep its order. So it is not attempted. The
   * failure is returned, and the event waits in the delivery queue, where others may overtake it.
   */
  orderOf(
    delivery: Delivery,
    signal: AbortSignal,
  ): OrderRequest | undefined | Promise<OrderRequest | Failure | undefined>;
  readonly handOver: HandOver;
}

/** @param hasQueue whether the stack has an ordered queue */
export function createOrdering(destinations: DestinationReader, hasQueue: boolean, handOver: HandOver): Ordering {
  return {
    handOver,
    orderOf({ apiDestination, target, orderedGroup }, signal) {
      if (target.Order !== undefined) return { order: target.Order, groupPath: target.OrderGroupPath };
      // A dead letter of the ordered queue comes back to its group, unless the stack has lost the queue since.
      if (orderedGroup !== undefined && hasQueue) return { order: 'PER_GROUP' };
      const destination = destinations.cachedDestination(apiDestination);
      if (destination !== undefined) return orderOfPolicy(destination);
      const reading = inTime(() => destinations.currentDestination(apiDestination), signal);
      return reading.then(orderOfPolicy, failureOf);
    },
  };
}

function orderOfPolicy(destination: ApiDestination | undefined): OrderRequest | undefined {
  const { order, orderGroupPath } = destination?.policy ?? {};
  return order && { order, groupPath: orderGroupPath };
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  throw error;
}
