import { Failure } from '../../core/failure/failure.ts';
import { deduplicationIdOf, orderedGroupOf } from '../../core/order/group.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OrderedQueue } from '../../ports/order.ts';
import type { HandedOver, HandOver } from './ordering.ts';

/**
 * @param queue undefined when the stack has no ordered queue
 * @param newUuid stands for what brought the event, if that is not known
 */
export function createHandOver(
  queue: OrderedQueue | undefined,
  clock: Pick<Clock, 'nowMs'>,
  newUuid: () => string,
): HandOver {
  async function send({ queued, order, arrival }: HandedOver, signal: AbortSignal): Promise<void> {
    const group = orderedGroupOf(queued.delivery, order);
    if (queue === undefined) {
      throw new Failure(
        'OrderUnavailable',
        'The event must be delivered in order (Order is PER_GROUP), and this stack has no ordered deliveries. ' +
          'Deploy it with the parameter orderedDeliveries, or remove Order.',
      );
    }
    const deduplicationId = deduplicationIdOf(queued.delivery, arrival ?? { id: newUuid(), position: 0 });
    // A time in the past: the worker that receives the message then makes an attempt even if its clock is behind.
    const { notBeforeMs = queued.delivery.firstReceivedAtMs } = queued;
    await queue.send({ ...queued, notBeforeMs }, { group, deduplicationId }, signal);
  }

  return async (handedOver, signal) => {
    try {
      await send(handedOver, signal);
    } catch (error) {
      return error instanceof Failure && error.kind === 'permanent' ? error : { kind: 'returned', error };
    }
    return { kind: 'deferred', notBeforeMs: Math.max(handedOver.queued.notBeforeMs ?? 0, clock.nowMs()) };
  };
}
