import type { Delivery, Settlement } from '../../core/delivery/delivery.ts';
import type { ApiDestination } from '../../core/destination/api-destination.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { QueuedDelivery } from '../../core/message/queued-delivery.ts';
import type { Arrival, OrderRequest } from '../../core/order/group.ts';
import type { Clock } from '../../ports/clock.ts';
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
 * Resolves when the ordered queue has accepted the event.
 *
 * @throws Failure OrderUnavailable when the stack has no ordered queue, InvalidInvocation when the path of the group is malformed,
 *   and the failures of `OrderedQueue.send`
 */
export type HandOver = (handedOver: HandedOver, signal: AbortSignal) => Promise<void>;

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
  /**
   * Failure policy: an event that must keep its order is never attempted outside the ordered queue. If the queue does not accept it,
   * its sender still has it.
   *
   * @returns the failure for which the event goes to the dead letters, if the queue will never accept it
   */
  handOver(handedOver: HandedOver, signal: AbortSignal): Promise<Settlement | Failure>;
}

export interface OrderingDependencies {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly destinations: DestinationReader;
  /** Whether the stack has an ordered queue. */
  readonly hasQueue: boolean;
  readonly handOver: HandOver;
}

export function createOrdering({ destinations, hasQueue, handOver, clock }: OrderingDependencies): Ordering {
  /** @returns the failure when the API destination cannot be read */
  async function readOrder(reference: string, signal: AbortSignal): Promise<OrderRequest | Failure | undefined> {
    try {
      return orderOfPolicy(await inTime(() => destinations.currentDestination(reference), signal));
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
  }

  return {
    async handOver(handedOver, signal) {
      try {
        await handOver(handedOver, signal);
      } catch (error) {
        return error instanceof Failure && error.kind === 'permanent' ? error : { kind: 'returned', error };
      }
      return { kind: 'deferred', notBeforeMs: Math.max(handedOver.queued.notBeforeMs ?? 0, clock.nowMs()) };
    },
    orderOf({ apiDestination, target, orderedGroup }, signal) {
      if (target.Order !== undefined) return { order: target.Order, groupPath: target.OrderGroupPath };
      // A dead letter of the ordered queue comes back to its group, unless the stack has lost the queue since.
      if (orderedGroup !== undefined && hasQueue) return { order: 'PER_GROUP' };
      const destination = destinations.cachedDestination(apiDestination);
      return destination === undefined ? readOrder(apiDestination, signal) : orderOfPolicy(destination);
    },
  };
}

function orderOfPolicy(destination: ApiDestination | undefined): OrderRequest | undefined {
  const { order, orderGroupPath } = destination?.policy ?? {};
  return order && { order, groupPath: orderGroupPath };
}
