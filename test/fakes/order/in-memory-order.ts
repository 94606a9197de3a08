import { formatQueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import type { QueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import type { OrderedProgress } from '../../../lib/core/order/progress.ts';
import type { HeldMessages, OrderedPlace, OrderedQueue, ProgressStore } from '../../../lib/ports/order.ts';

export interface InMemoryOrderedQueue extends OrderedQueue {
  readonly sent: readonly (OrderedPlace & { readonly queued: QueuedDelivery })[];
  /** Makes every later send throw this error. */
  failWith(error: unknown): void;
}

export function createInMemoryOrderedQueue(): InMemoryOrderedQueue {
  const sent: (OrderedPlace & { queued: QueuedDelivery })[] = [];
  let failure: { readonly error: unknown } | undefined;
  return {
    sent,
    async send(queued, place) {
      if (failure !== undefined) throw failure.error;
      formatQueuedDelivery(queued);
      sent.push({ ...place, queued });
    },
    failWith(error) {
      failure = { error };
    },
  };
}

export interface InMemoryHeldMessages extends HeldMessages {
  readonly hidden: readonly { readonly receiptHandles: readonly string[]; readonly seconds: number }[];
  failWith(error: unknown): void;
}

export function createInMemoryHeldMessages(): InMemoryHeldMessages {
  const hidden: { receiptHandles: readonly string[]; seconds: number }[] = [];
  let failure: { readonly error: unknown } | undefined;
  return {
    hidden,
    async hide(receiptHandles, seconds) {
      if (failure !== undefined) throw failure.error;
      hidden.push({ receiptHandles, seconds });
    },
    failWith(error) {
      failure = { error };
    },
  };
}

export interface InMemoryProgress extends ProgressStore {
  readonly saved: ReadonlyMap<string, OrderedProgress>;
  /** The calls so far: `read` or `save`, and the id. */
  readonly calls: readonly string[];
  /** Makes every later call of this method throw this error. */
  failWith(method: 'read' | 'save', error: unknown): void;
}

export function createInMemoryProgress(): InMemoryProgress {
  const saved = new Map<string, OrderedProgress>();
  const calls: string[] = [];
  const failures = new Map<string, unknown>();
  function called(method: 'read' | 'save', messageId: string): void {
    calls.push(`${method} ${messageId}`);
    if (failures.has(method)) throw failures.get(method);
  }
  return {
    saved,
    calls,
    async read(messageId) {
      called('read', messageId);
      return saved.get(messageId);
    },
    async save(messageId, progress) {
      called('save', messageId);
      const before = saved.get(messageId);
      if (before !== undefined && before.finishedReceives > progress.finishedReceives) return;
      saved.set(messageId, progress);
    },
    failWith: (method, error) => void failures.set(method, error),
  };
}
