import { orderEvents } from '../events.ts';
import type { Contender } from '../rounds.ts';
import { inLanes } from '../rounds.ts';

/** Messages of one batch of the delivery queue. */
const batchSize = 10;

/**
 * A contender with batches has this many batches in flight. A contender without batches has ten times as many requests in
 * flight.
 */
const batchesUnderWay = 20;
const requestsUnderWay = batchesUnderWay * batchSize;

/** Makes this many deliveries, repeating the events when they run out. */
export function contender(deliver: (index: number) => Promise<unknown>): Contender {
  return async (deliveries) => {
    const before = process.cpuUsage();
    await inLanes(deliveries, requestsUnderWay, (index) => deliver(index % orderEvents.length));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

/** A contender that makes its deliveries in batches. */
export function batchContender(deliverMessages: (indices: readonly number[]) => Promise<unknown>): Contender {
  const all = orderEvents.map((_, index) => index);
  return async (deliveries) => {
    const before = process.cpuUsage();
    await inLanes(deliveries / batchSize, batchesUnderWay, (batch) => {
      const first = (batch * batchSize) % all.length;
      return deliverMessages(all.slice(first, first + batchSize));
    });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}
