import { dependenciesFrom } from '../functions/deliver/handler.ts';
import type { Delivery } from '../lib/core/delivery.ts';
import type { DeliveryLog } from '../lib/ports.ts';
import type { WorkerSurroundings } from './bench-stack.ts';

/** Delivers or throws. */
export type BenchWorker = (delivery: Delivery) => Promise<void>;

/** Events of one invocation: they share a deadline. */
const batchSize = 100;

export const noLog: DeliveryLog = { record: () => undefined };

/** A worker wired as the deployed one, with caches of its own; from the parsed delivery until it is settled. */
export function newWorker({ environment, aws }: WorkerSurroundings, deliveryLog?: DeliveryLog): BenchWorker {
  const overrides = deliveryLog === undefined ? {} : { deliveryLog };
  const { deliverer } = dependenciesFrom(environment, aws, overrides);
  let count = 0;
  let deadline = newDeadline();
  return async (delivery) => {
    if (count % batchSize === 0) deadline = newDeadline();
    count += 1;
    const { settlement, code, reason } = await deliverer.deliver(delivery, deadline);
    if (settlement.kind !== 'delivered') throw new Error(`Not delivered: ${code} ${reason}`);
  };
}

function newDeadline() {
  return { endMs: Date.now() + 900_000, signal: new AbortController().signal };
}
