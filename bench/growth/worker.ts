import { inputs } from '../../functions/invocation.ts';
import { wireDeliver } from '../../functions/wiring.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { parseConfig } from '../../lib/config.ts';
import { withDeadline } from '../../lib/delivery/deadline.ts';
import { createMessageDeliverer } from '../../lib/delivery/deliver-messages.ts';
import { createInMemoryRateBuckets } from '../../test/fakes/in-memory-rate-buckets.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';

/** Timeout of the deployed function. */
const timeoutMs = 60_000;

/** Delivers messages with these bodies as one batch, or throws. */
export type DeliverBodies = (bodies: readonly string[]) => Promise<void>;

/**
 * A deployed worker with its log lines and metrics, but without the queue. It keeps the buckets of the rate in its own process,
 * because the table adds the same cost to every measurement, one write per batch.
 */
export function newWorkerWithoutQueue({ environment, aws }: WorkerSurroundings): DeliverBodies {
  const rateBuckets = createInMemoryRateBuckets();
  const { deliver, during, horizon } = wireDeliver(parseConfig(environment), aws, inputs.batch, { rateBuckets });
  const unused = () => Promise.reject(new Error('Every message can be read and delivered.'));
  const deliverMessages = createMessageDeliverer({
    deliver,
    received: { remove: async () => undefined, removeNow: async () => undefined },
    rawMessages: { sendBack: unused, sendToDeadLetters: unused },
    clock: systemClock,
    random: Math.random,
    horizon,
    apiDestination: undefined,
  });
  return async (bodies) => {
    const messages = bodies.map((body, index) => {
      const message = { body, attributes: {} };
      const ids = { messageId: String(index), receiptHandle: 'none' };
      return { ...ids, message, raw: message, receiveCount: 1, sentAtMs: Date.now() };
    });
    const unsettled = await withDeadline(systemClock, timeoutMs, (deadline) =>
      during(deadline, () => deliverMessages(messages, deadline)),
    );
    if (unsettled.length > 0) throw new Error('Not all of a batch was settled.');
  };
}
