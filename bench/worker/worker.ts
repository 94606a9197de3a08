import { inputs } from '../../functions/invocation.ts';
import { wireDeliver } from '../../functions/wiring.ts';
import { parseConfig } from '../../lib/config.ts';
import type { Delivery } from '../../lib/core/delivery/delivery.ts';
import { noMetrics } from '../../lib/local/lambda/readable-logs.ts';
import type { DeliveryLog } from '../../lib/ports/delivery.ts';
import type { RateBuckets } from '../../lib/ports/rate.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { batchContender } from './contender.ts';
import type { Contender } from '../rounds.ts';

/** Delivers, or throws. */
export type BenchWorker = (delivery: Delivery) => Promise<void>;

/** Events of one invocation, which share a deadline. */
const batchSize = 100;

export const noLog: DeliveryLog = { record: () => undefined };

/** A worker wired as deployed, with its own caches. It does everything from the parsed delivery to the settlement. */
export function newWorker({ environment, aws }: WorkerSurroundings, deliveryLog: DeliveryLog): BenchWorker {
  const overrides = { deliveryLog, metrics: noMetrics };
  const { deliver } = wireDeliver(parseConfig(environment), aws, inputs.batch, overrides);
  let count = 0;
  let deadline = newDeadline();
  return async (delivery) => {
    if (count % batchSize === 0) deadline = newDeadline();
    count += 1;
    const incoming = { parse: () => ({ delivery }), body: () => '' };
    const { settlement, code, reason } = await deliver(incoming, deadline);
    if (settlement.kind !== 'delivered') throw new Error(`Not delivered: ${code} ${reason}`);
  };
}

function newDeadline() {
  return { endMs: Date.now() + 900_000, signal: new AbortController().signal };
}

/**
 * A deployed worker as a contender. It delivers in batches that reserve their slots together.
 *
 * @param options.rateBuckets where the worker keeps its buckets; default: in the table. Most figures leave out the table,
 *   because its cost has a figure of its own
 */
export function deployedContender(
  { environment, aws }: WorkerSurroundings,
  parsed: readonly Delivery[],
  { logs, rateBuckets }: { readonly logs: boolean; readonly rateBuckets?: RateBuckets },
): Contender {
  const overrides = { ...(!logs && { deliveryLog: noLog, metrics: noMetrics }), ...(rateBuckets && { rateBuckets }) };
  const { deliver, during } = wireDeliver(parseConfig(environment), aws, inputs.batch, overrides);
  return batchContender(async (indices) => {
    const deadline = newDeadline();
    const conclusions = indices.map((index) => {
      const delivery = parsed[index];
      if (delivery === undefined) throw new Error(`There is no event ${index}.`);
      return deliver({ parse: () => ({ delivery }), body: () => '' }, deadline);
    });
    const settled = await during(deadline, () => Promise.all(conclusions));
    for (const { settlement, code, reason } of settled) {
      if (settlement.kind !== 'delivered') throw new Error(`Not delivered: ${code} ${reason}`);
    }
  });
}
