import { orderEvents } from './events.ts';
import type { Contender } from './rounds.ts';
import { inLanes } from './rounds.ts';

/** Requests under way at a time, of every contender. */
const lanes = 20;

/** So many deliveries, over all events again and again. */
export function contender(deliver: (index: number) => Promise<unknown>): Contender {
  return async (deliveries) => {
    const before = process.cpuUsage();
    await inLanes(deliveries, lanes, (index) => deliver(index % orderEvents.length));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

/** Messages of one batch of the delivery queue. */
const batchSize = 10;

/** The same in batches, as many at a time as the others have requests. */
export function batchContender(deliverBatch: (indices: readonly number[]) => Promise<unknown>): Contender {
  const all = orderEvents.map((_, index) => index);
  return async (deliveries) => {
    const before = process.cpuUsage();
    await inLanes(deliveries / batchSize, lanes, (batch) => {
      const first = (batch * batchSize) % all.length;
      return deliverBatch(all.slice(first, first + batchSize));
    });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}
