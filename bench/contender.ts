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
