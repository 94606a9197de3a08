import type { DeadLetter } from '../core/message/dead-letter-message.ts';
import type { Settlement } from '../core/delivery/delivery.ts';
import { isUnsendable } from '../core/failure/failure.ts';
import { printedEvent } from '../core/input/json-text.ts';
import type { QueuedDelivery } from '../core/message/queued-delivery.ts';
import type { DeadLetterQueue, DeliveryQueue } from '../ports/delivery.ts';

export interface SettlerDependencies {
  readonly queue: DeliveryQueue;
  readonly deadLetters: DeadLetterQueue;
}

/**
 * Decides which queue is responsible for an event from now on.
 *
 * Failure policy: delivering twice is better than never. Only an endpoint or queue that has confirmed the event takes it over.
 * When a write that settles an event fails, even if it took effect, the invocation fails and the event is delivered again.
 */
export interface Settler {
  sendToDeadLetters(deadLetter: DeadLetter): Promise<Settlement>;
  /**
   * Sends a delivery to the delivery queue. A delivery that the queue will never take goes to the dead letters with that
   * reason.
   */
  defer(queued: QueuedDelivery & { readonly notBeforeMs: number }, group: string): Promise<Settlement>;
}

export function createSettler({ queue, deadLetters }: SettlerDependencies): Settler {
  async function sendToDeadLetters(deadLetter: DeadLetter): Promise<Settlement> {
    try {
      await deadLetters.send(deadLetter);
      return { kind: 'dead-lettered' };
    } catch (error) {
      return { kind: 'returned', error };
    }
  }

  return {
    sendToDeadLetters,
    async defer(queued, group) {
      try {
        await queue.send(queued, group);
        return { kind: 'deferred', notBeforeMs: queued.notBeforeMs };
      } catch (error) {
        if (!isUnsendable(error)) return { kind: 'returned', error };
        const { delivery } = queued;
        return sendToDeadLetters({
          body: printedEvent(delivery.event),
          delivery,
          code: error.code,
          reason: error.message,
        });
      }
    },
  };
}
