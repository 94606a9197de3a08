import { quantile } from '../peers/balance.ts';
import { machineMs, type PeerProcess } from '../peers/process.ts';
import type { Arrived, ReceiverAsk } from '../peers/receiver.ts';
import type { Side } from './sides.ts';

export interface Endpoint {
  readonly receiver: PeerProcess;
  readonly url: string;
}

export interface Measured {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Time from the beginning of the call to the arrival of its events. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMB: number;
  readonly lost: number;
}

/** Events whose calls are under way at the same time. */
const maxUnderWay = 100;
const quietMs = 10_000;

let numbered = 0;

/** Puts the events as fast as the door accepts them; ends when all have arrived. */
export async function burst(side: Side, endpoint: Endpoint, events: number): Promise<Measured> {
  return measured(side, endpoint, events, async (put) => {
    let left = events;
    async function lane(): Promise<void> {
      while (left > 0) {
        const count = Math.min(left, side.door.entriesPerCall);
        left -= count;
        await put(count);
      }
    }
    await Promise.all(Array.from({ length: maxUnderWay / side.door.entriesPerCall }, lane));
  });
}

/** Puts one event after the other at this rate, also while earlier calls are under way. */
export async function paced(
  side: Side,
  endpoint: Endpoint,
  events: number,
  callsPerSecond: number,
  entries = 1,
): Promise<Measured> {
  return measured(side, endpoint, events, async (put) => {
    const beganMs = machineMs();
    const puts: Promise<void>[] = [];
    for (let call = 0; call < events / entries; call += 1) {
      const waitMs = beganMs + (call * 1000) / callsPerSecond - machineMs();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      puts.push(put(entries));
    }
    await Promise.all(puts);
  });
}

async function measured(
  side: Side,
  { receiver }: Endpoint,
  events: number,
  run: (put: (count: number) => Promise<void>) => Promise<void>,
): Promise<Measured> {
  const first = numbered;
  const putAtMs = new Map<number, number>();
  const before = await side.usage();
  const beganMs = machineMs();
  await run(async (count) => {
    const numbers = Array.from({ length: count }, (_, index) => numbered + index);
    numbered += count;
    for (const number of numbers) putAtMs.set(number, machineMs());
    await side.door.put(numbers);
  });
  const { events: arrived, atMs } = await receiver.ask<Arrived>({
    ...({ kind: 'wait', events, quietMs, forget: true } satisfies ReceiverAsk),
  });
  const latencies = new Map<number, number>();
  for (const [index, number] of arrived.entries()) {
    const sentMs = putAtMs.get(number);
    if (number >= first && sentMs !== undefined && !latencies.has(number)) {
      latencies.set(number, (atMs[index] ?? Number.NaN) - sentMs);
    }
  }
  const after = await side.usage();
  const ms = [...latencies.values()];
  return {
    perSecond: (latencies.size * 1000) / ((atMs.at(-1) ?? Number.NaN) - beganMs),
    cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / events,
    p50Ms: quantile(ms, 0.5),
    p99Ms: quantile(ms, 0.99),
    residentMB: after.residentBytes / 1_048_576,
    lost: events - latencies.size,
  };
}
