import { namesOf } from '../../../lib/core/delivery/delivery-names.ts';
import type { Conclusion, Delivery } from '../../../lib/core/delivery/delivery.ts';
import { formatQueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import type { CountMetric } from '../../../lib/core/delivery/metrics.ts';
import type { RecordMessage } from '../../../lib/core/message/sqs-event.ts';
import type { AttemptResult } from '../../../lib/delivery/attempt.ts';
import type { Deadline } from '../../../lib/delivery/deadline.ts';
import { withDeadline } from '../../../lib/delivery/deadline.ts';
import { createDeliver } from '../../../lib/delivery/deliver.ts';
import { createKeeping } from '../../../lib/delivery/keeping.ts';
import { createDeliverElements, createDeliverInput, mayHoldElements } from '../../../lib/delivery/deliver-input.ts';
import { createMessageDeliverer } from '../../../lib/delivery/deliver-messages.ts';
import type { Ordering } from '../../../lib/delivery/order/ordering.ts';
import { createRetrying } from '../../../lib/delivery/retrying.ts';
import { createSettler } from '../../../lib/delivery/settle.ts';
import type { Random } from '../../../lib/ports/clock.ts';
import type { EventKeeper } from '../../../lib/ports/kept-events.ts';
import { createInMemoryDeadLetters } from '../../fakes/in-memory-dead-letters.ts';
import { createInMemoryDeliveryQueue } from '../../fakes/in-memory-delivery-queue.ts';
import { createInMemoryRawMessages } from '../../fakes/in-memory-raw-messages.ts';
import { createInMemoryReceivedMessages } from '../../fakes/in-memory-received-messages.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { delivered, deliveryOf, retryPolicy } from './outcomes.ts';
import { createSlotHorizon } from '../../../lib/delivery/rate/slot-horizon.ts';

type Attempting = (id: string, deadline: Deadline, delivery: Delivery) => Promise<AttemptResult> | AttemptResult;

/** A worker with queues in memory. The test provides the attempt of each delivery, and what keeps the events. */
export function createWorker(
  attempting: Attempting = () => delivered,
  random: Random = () => 0,
  keeper?: EventKeeper,
  received = createInMemoryReceivedMessages(),
  apiDestination?: string,
  ordering?: Ordering,
) {
  const clock = createManualClock();
  const queue = createInMemoryDeliveryQueue();
  const deadLetters = createInMemoryDeadLetters();
  const attempted: string[] = [];
  const conclusions: Conclusion[] = [];
  const horizon = createSlotHorizon(2000, clock);
  const retrying = createRetrying({
    async attempt(delivery, deadline) {
      const id = String(namesOf(delivery).eventId);
      attempted.push(id);
      return attempting(id, deadline, delivery);
    },
    clock,
    random: () => 0,
    backoff: { baseMs: 1000, maximumMs: 900_000 },
    horizon,
    retryPolicy,
  });
  const rawMessages = createInMemoryRawMessages();
  const settler = createSettler({ queue, deadLetters });
  const log = { record: (conclusion: Conclusion) => conclusions.push(conclusion) };
  let notKept = 0;
  const metrics = { count: (name: CountMetric) => void (notKept += name === 'EventsNotKept' ? 1 : 0) };
  const keeping = keeper && createKeeping({ keeper, log, metrics, clock });
  const deliver = createDeliver({ retrying, settler, log, clock, keeping, ordering });
  const deliverMessages = createMessageDeliverer({
    deliver,
    received,
    rawMessages,
    clock,
    random,
    horizon,
    apiDestination,
  });
  const parts = { deliver, clock, apiDestination };
  const [deliverInput, deliverElements] = [createDeliverInput(parts), createDeliverElements(parts)];
  /** Invokes the function deliver. */
  const invoke = (input: unknown, id?: string) =>
    withDeadline(clock, 60_000, async (deadline) => {
      const several = mayHoldElements(input) ? await deliverElements(input, deadline, { id }) : undefined;
      return several ?? [await deliverInput(input, deadline, { id })];
    });
  const run = (messages: readonly RecordMessage[], remainingMs = 60_000) =>
    withDeadline(clock, remainingMs, (deadline) => {
      const deliverAll = () => deliverMessages(messages, deadline);
      return keeping === undefined ? deliverAll() : keeping.during(deadline, deliverAll);
    });
  /** Lets all work continue until it waits for the clock. */
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    clock,
    deliver,
    queue,
    deadLetters,
    received,
    rawMessages,
    attempted,
    conclusions,
    run,
    invoke,
    settled,
    horizon,
    notKept: () => notKept,
  };
}

/** Members of a delivery, and the receive count of its message. */
interface MessageOptions extends Partial<Delivery> {
  readonly receiveCount?: number;
  readonly notBeforeMs?: number;
}

export function message(id: string, { receiveCount = 1, notBeforeMs, ...members }: MessageOptions = {}): RecordMessage {
  const delivery = deliveryOf({ event: { value: { id } }, ...members });
  const queued = notBeforeMs === undefined ? { delivery } : { delivery, notBeforeMs };
  return raw(id, formatQueuedDelivery(queued), receiveCount);
}

/** A message with any content that was received `receiveCount` times. */
export function raw(id: string, content: RecordMessage['message'], receiveCount = 1): RecordMessage {
  const sentAtMs = Date.UTC(2026, 0, 1);
  const attributes = Object.entries(content.attributes).map(([name, stringValue]) => {
    return [name, { dataType: 'String', stringValue }];
  });
  const asReceived = { body: content.body, attributes: Object.fromEntries(attributes) };
  const ids = { messageId: id, receiptHandle: `receipt-${id}` };
  return { ...ids, message: content, raw: asReceived, receiveCount, sentAtMs };
}

export const handles = (...ids: string[]) => ids.map((id) => `receipt-${id}`);
