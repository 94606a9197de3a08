import { formatQueuedDelivery } from '../../../../lib/core/message/queued-delivery.ts';
import type { RecordMessage } from '../../../../lib/core/message/sqs-event.ts';
import { withDeadline } from '../../../../lib/delivery/deadline.ts';
import { createOrderedDeliverer } from '../../../../lib/delivery/order/deliver-in-order.ts';
import { createInMemoryHeldMessages, createInMemoryProgress } from '../../../fakes/order/in-memory-order.ts';
import { createInMemoryReceivedMessages } from '../../../fakes/in-memory-received-messages.ts';
import { createWorker, raw } from '../worker.ts';
import { deliveryOf } from '../outcomes.ts';

type Attempting = Parameters<typeof createWorker>[0];

/** A worker that delivers messages of the ordered queue. The test provides the attempt of each delivery. */
export function createOrderedWorker(attempting?: Attempting) {
  const worker = createWorker(attempting);
  const { deliver, clock, rawMessages } = worker;
  const received = createInMemoryReceivedMessages();
  const held = createInMemoryHeldMessages();
  const progressStore = createInMemoryProgress();
  const parts = { deliver, received, held, progressStore, rawMessages, clock, apiDestination: undefined };
  const deliverInOrder = createOrderedDeliverer(parts);
  const run = (messages: readonly RecordMessage[], remainingMs = 60_000) =>
    withDeadline(clock, remainingMs, (deadline) => deliverInOrder(messages, deadline));
  return { ...worker, received, held, progressStore, run };
}

/** A message of the ordered queue whose id is also the id of its event. */
export function inGroup(group: string, id: string, receiveCount = 1): RecordMessage {
  const delivery = deliveryOf({ event: { value: { id } } });
  return asOfGroup(group, raw(id, formatQueuedDelivery({ delivery, notBeforeMs: 0 }), receiveCount));
}

export function asOfGroup(group: string, message: RecordMessage): RecordMessage {
  return { ...message, raw: { ...message.raw, group } };
}
