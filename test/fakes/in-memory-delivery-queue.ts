import type { QueuedDelivery } from '../../lib/core/message/queued-delivery.ts';
import { formatQueuedDelivery } from '../../lib/core/message/queued-delivery.ts';
import type { DeliveryQueue } from '../../lib/ports/delivery.ts';

export interface InMemoryDeliveryQueue extends DeliveryQueue {
  readonly sent: readonly { readonly queued: QueuedDelivery; readonly group: string }[];
  /** Makes every later send throw this error. */
  failWith(error: unknown): void;
  recover(): void;
}

export function createInMemoryDeliveryQueue(): InMemoryDeliveryQueue {
  const sent: { queued: QueuedDelivery; group: string }[] = [];
  let failure: { readonly error: unknown } | undefined;
  return {
    sent,
    async send(queued, group) {
      if (failure !== undefined) throw failure.error;
      formatQueuedDelivery(queued);
      sent.push({ queued, group });
    },
    failWith(error) {
      failure = { error };
    },
    recover() {
      failure = undefined;
    },
  };
}
