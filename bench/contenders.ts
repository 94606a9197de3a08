import { Pool } from 'undici';
import type { Delivery } from '../lib/core/delivery.ts';
import { orderEvents } from './events.ts';
import type { Contender } from './rounds.ts';
import { inLanes } from './rounds.ts';
import type { BenchWorker } from './worker.ts';

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

export function story(worker: BenchWorker, parsed: readonly Delivery[]): Contender {
  return contender(async (index) => {
    const delivery = parsed[index];
    if (delivery !== undefined) await worker(delivery);
  });
}

/** The same requests with nothing around them: the reference of goal 1. */
export function bareRequest(origin: string, path: string, headers: Record<string, string>): Contender {
  const pool = new Pool(origin, { allowH2: false });
  const bodies = orderEvents.map((event) => JSON.stringify(event));
  return contender(async (index) => {
    const { body } = await pool.request({ method: 'POST', path, headers, body: bodies[index] ?? '' });
    await body.dump();
  });
}
