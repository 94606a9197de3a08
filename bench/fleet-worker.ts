import type { RatedDestination, RateLimiter, Turn } from '../lib/delivery/rate-limiter.ts';
import { createRateLimiter } from '../lib/delivery/rate-limiter.ts';
import type { FleetClock } from './fleet-clock.ts';
import type { FleetTable } from './fleet-table.ts';

/** One event on its way to the destination. */
export interface FleetEvent {
  readonly bornMs: number;
  readonly turn?: Turn;
}

/** What becomes of events, in true time. */
export interface FleetRecord {
  readonly sent: (event: FleetEvent, atMs: number, worker: number) => void;
  readonly deferred: (event: FleetEvent, delaySeconds: number) => void;
  readonly missed: () => void;
}

export interface FleetWorkerOptions {
  readonly worker: number;
  readonly offsetMs: number;
  readonly batchSize: number;
  readonly requestMs: number;
  readonly random: () => number;
}

export interface FleetWorker {
  /** @param dies the worker has reserved, and sends nothing any more */
  process(
    events: readonly FleetEvent[],
    destination: RatedDestination,
    horizonMs: number,
    dies: boolean,
  ): Promise<void>;
  readonly limiter: RateLimiter;
}

/** A slot that begins later than this after its time is given up. */
const latestStartMs = 100;

export function createFleetWorker(
  clock: FleetClock,
  table: FleetTable,
  record: FleetRecord,
  options: FleetWorkerOptions,
): FleetWorker {
  const { worker, offsetMs, batchSize, requestMs, random } = options;
  const ownClock = clock.seenFrom(() => offsetMs);
  const limiter = createRateLimiter({ buckets: table, clock: ownClock, random, batchSize });

  async function sendAt(
    event: FleetEvent,
    slotMs: number,
    destination: RatedDestination,
    horizonMs: number,
  ): Promise<void> {
    const lateMs = ownClock.nowMs() - slotMs;
    if (lateMs > Math.max(latestStartMs, 1000 / destination.ratePerSecond)) {
      record.missed();
      const turn = event.turn ?? { atMs: 0, generation: 1999 };
      return processGroup([{ ...event, turn }], destination, horizonMs, turn, false);
    }
    await clock.wait(Math.max(0, -lateMs));
    record.sent(event, clock.nowMs, worker);
    return clock.wait(requestMs);
  }

  async function processGroup(
    events: readonly FleetEvent[],
    destination: RatedDestination,
    horizonMs: number,
    turn: Turn | undefined,
    dies: boolean,
  ): Promise<void> {
    const options = { horizonMs, ...(turn !== undefined && { turn }) };
    const { slotTimesMs, returns } = await limiter.reserve(destination, events.length, options);
    if (dies) return;
    const sending: Promise<void>[] = [];
    for (const [index, event] of events.entries()) {
      const slotMs = slotTimesMs[index];
      const back = returns[index - slotTimesMs.length];
      if (slotMs !== undefined) sending.push(sendAt(event, slotMs, destination, horizonMs));
      else if (back !== undefined) {
        const delaySeconds = Math.max(0, Math.ceil((back.atMs - ownClock.nowMs()) / 1000));
        record.deferred({ ...event, turn: back }, Math.min(900, delaySeconds));
      }
    }
    await Promise.all(sending);
  }

  return {
    limiter,
    async process(events, destination, horizonMs, dies) {
      const lines = Map.groupBy(events, ({ turn }) => turn?.generation ?? 0);
      await Promise.all(
        [...lines.values()].map((line) => processGroup(line, destination, horizonMs, line.at(-1)?.turn, dies)),
      );
    },
  };
}
