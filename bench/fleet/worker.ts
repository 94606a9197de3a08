import { inTurn, toTurnNumber } from '../../lib/core/rate/shards.ts';
import { slotToleranceMs } from '../../lib/core/rate/slots.ts';
import type { RatedDestination, Turn } from '../../lib/delivery/rate/limiter.ts';
import { createRateLimiter } from '../../lib/delivery/rate/limiter.ts';
import { healthy } from '../../test/fakes/healthy.ts';
import type { Random } from '../../lib/ports/clock.ts';
import type { FleetClock } from './clock.ts';
import type { FleetJournal } from './figures.ts';
import type { FleetTable } from './table.ts';

/** One event on its way to the destination. */
export interface FleetEvent {
  readonly bornMs: number;
  readonly turn?: Turn;
}

export interface FleetWorld {
  readonly clock: FleetClock;
  readonly table: FleetTable;
  readonly journal: FleetJournal;
  readonly random: Random;
  readonly defer: (event: FleetEvent, delaySeconds: number) => void;
}

export interface FleetWorkerOptions {
  readonly worker: number;
  readonly offsetMs: number;
  readonly batchSize: number;
  readonly requestMs: number;
  /** The longest delay that one message can have. */
  readonly longestDelaySeconds: number;
  /** The destination as this worker knows it at the moment. */
  readonly destination: () => RatedDestination;
}

export interface FleetWorker {
  /** @param dies whether the worker reserves slots and then dies without sending anything */
  process(events: readonly FleetEvent[], horizonMs: number, dies: boolean): Promise<void>;
  pause(delayMs: number): Promise<void>;
}

export function createFleetWorker(world: FleetWorld, options: FleetWorkerOptions): FleetWorker {
  const { clock, table, journal, random } = world;
  const { worker, offsetMs, batchSize, requestMs, longestDelaySeconds, destination } = options;
  const ownClock = clock.seenFrom(offsetMs);
  const limiter = createRateLimiter({ buckets: table, clock: ownClock, random, batchSize, ...healthy });

  async function sendAt(event: FleetEvent, slotMs: number, horizonMs: number): Promise<void> {
    const lateMs = ownClock.nowMs() - slotMs;
    if (lateMs > slotToleranceMs(destination().ratePerSecond)) {
      journal.missedSlots += 1;
      return processLine([event], horizonMs, event.turn ?? inTurn);
    }
    await clock.wait(Math.max(0, -lateMs));
    journal.sent(worker, event.bornMs, clock.nowMs);
    return clock.wait(requestMs);
  }

  function defer(event: FleetEvent, turn: Turn): void {
    const delaySeconds = Math.max(0, Math.ceil((turn.atMs - ownClock.nowMs()) / 1000));
    journal.returns += 1;
    world.defer({ ...event, turn }, Math.min(longestDelaySeconds, delaySeconds));
  }

  async function processLine(
    events: readonly FleetEvent[],
    horizonMs: number,
    turn: Turn | undefined,
    dies = false,
  ): Promise<void> {
    const { slotTimesMs, returns } = await limiter.reserve(destination(), events.length, {
      horizonMs,
      ...(turn !== undefined && { turn }),
    });
    if (dies) return;
    const sending: Promise<void>[] = [];
    for (const [index, event] of events.entries()) {
      const slotMs = slotTimesMs[index];
      const back = returns[index - slotTimesMs.length];
      if (slotMs !== undefined) sending.push(sendAt(event, slotMs, horizonMs));
      else if (back !== undefined) defer(event, back);
    }
    await Promise.all(sending);
  }

  return {
    async process(events, horizonMs, dies) {
      const early = ({ turn }: FleetEvent) => turn !== undefined && turn.atMs > ownClock.nowMs();
      const lines = Map.groupBy(events, (event) =>
        event.turn === undefined ? '0' : `${toTurnNumber(event.turn)}${early(event) ? ` at ${event.turn.atMs}` : ''}`,
      );
      await Promise.all([...lines.values()].map((line) => processLine(line, horizonMs, line.at(-1)?.turn, dies)));
    },
    pause: (delayMs) => limiter.pause(destination(), ownClock.nowMs() + delayMs),
  };
}
