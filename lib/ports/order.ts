/** The ports of ordered deliveries. A store or queue that cannot be reached throws a Failure `StoreUnavailable`. */
import type { OrderedProgress } from '../core/order/progress.ts';
import type { QueuedDelivery } from '../core/message/queued-delivery.ts';

/** The place of a delivery in the ordered queue. */
export interface OrderedPlace {
  /** The message group. The queue gives out the deliveries of one group in the order in which it has accepted them. */
  readonly group: string;
  /** The queue accepts a second message with this id within five minutes, and ignores it. */
  readonly deduplicationId: string;
}

export interface OrderedQueue {
  /**
   * Resolves only when the queue has accepted the delivery. Deliveries of one group are sent in the order of the calls. When one of
   * them may not have been accepted, those of its group that wait behind it are not sent, and reject too.
   *
   * @param signal when it aborts, deliveries that still wait are not sent
   * @throws Failure DeliveryTooLarge when no message can hold it, MessageRefused when the queue will never take it; the deliveries
   *   behind it are sent
   */
  send(queued: QueuedDelivery, place: OrderedPlace, signal: AbortSignal): Promise<void>;
}

/** The messages of the ordered queue that a worker has received. */
export interface HeldMessages {
  /** Hides at most ten messages from all workers for this time, counted from now. Rejects when one of them may have another time. */
  hide(receiptHandles: readonly string[], seconds: number): Promise<void>;
}

/** The progress of messages of the ordered queue, by message id. */
export interface ProgressStore {
  /** @returns undefined when nothing was saved */
  read(messageId: string): Promise<OrderedProgress | undefined>;
  /**
   * Replaces the progress. A worker that was frozen replaces nothing: the call has no effect when the stored progress has more
   * finished receives.
   */
  save(messageId: string, progress: OrderedProgress): Promise<void>;
}
