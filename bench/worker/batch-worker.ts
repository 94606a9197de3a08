import { inputs } from '../../functions/invocation.ts';
import { wireDeliver } from '../../functions/wiring.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { parseConfig } from '../../lib/config.ts';
import type { RecordMessage } from '../../lib/core/message/sqs-event.ts';
import { withDeadline } from '../../lib/delivery/deadline.ts';
import { createMessageDeliverer } from '../../lib/delivery/deliver-messages.ts';
import { noMetrics } from '../../lib/local/lambda/readable-logs.ts';
import type { DeliveryLog } from '../../lib/ports/delivery.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';

/** Messages in a batch of the delivery queue's event source. */
export const batchSize = 10;

/** Timeout of the deployed function. */
const timeoutMs = 60_000;

/**
 * A deployed worker without the queue: it receives and deletes nothing.
 *
 * @returns a function that delivers ten events, beginning with the given number, and returns those that did not settle
 */
export function newBatchWorker({ environment, aws }: WorkerSurroundings, deliveryLog: DeliveryLog) {
  const { deliver, horizon } = wireDeliver(parseConfig(environment), aws, inputs.batch, {
    deliveryLog,
    metrics: noMetrics,
  });
  const received = { remove: async () => undefined, removeNow: async () => undefined };
  const unused = () => Promise.reject(new Error('Every message can be read and delivered.'));
  const rawMessages = { sendBack: unused, sendToDeadLetters: unused };
  const options = { clock: systemClock, random: Math.random, horizon, apiDestination: undefined };
  const deliverMessages = createMessageDeliverer({ deliver, received, rawMessages, ...options });
  return (apiDestination: string, first: number): Promise<readonly string[]> =>
    withDeadline(systemClock, timeoutMs, (deadline) => deliverMessages(messagesOf(apiDestination, first), deadline));
}

function messagesOf(apiDestination: string, first: number): readonly RecordMessage[] {
  return Array.from({ length: batchSize }, (_, index) => {
    const message = {
      body: JSON.stringify({ apiDestination, event: { id: `event-${first + index}` } }),
      attributes: {},
    };
    const ids = { messageId: String(first + index), receiptHandle: 'none' };
    return { ...ids, message, raw: message, receiveCount: 1, sentAtMs: Date.now() };
  });
}
