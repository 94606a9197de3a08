import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { RatedDestination, Reservation, Turn } from '../../core/rate/shards.ts';
import { newcomer, shardCount, shareOf } from '../../core/rate/shards.ts';
import { isOpen } from '../../core/health/health.ts';
import { answerTimeUs, isSlow, limitsOf, shardsInUse } from '../../core/health/allowance.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import type { DestinationDependencies } from './known-destination.ts';
import { KnownDestination } from './known-destination.ts';
import { SlowTime } from './slow-time.ts';
import type { WorkerBucket } from './worker-bucket.ts';

export type { RatedDestination, Reservation, Turn } from '../../core/rate/shards.ts';

export interface ReserveOptions {
  /** Only slots that begin within this time are taken. */
  readonly horizonMs: number;
  /** Default: a newcomer. */
  readonly turn?: Turn;
  /** Requests of the same invocation pass the same object. Absent: the call counts as an invocation of its own. */
  readonly invocation?: object;
}

/** Keeps requests within the rates of their destinations. All workers of the fleet share these rates. */
export interface RateLimiter {
  /**
   * Resolves with slots, and with turns for the requests that find no slot before the horizon:
   * `slotTimesMs.length + returns.length === count`. A request that comes before its return time gets the same turn back,
   * or counts as a newcomer if the return times have started again since. If the table cannot be reached, all get turns.
   *
   * @throws Failure StoreRefused when the table refuses the call
   */
  reserve(destination: RatedDestination, count: number, options: ReserveOptions): Promise<Reservation>;
  /** Gives the whole fleet no slot until `untilMs`, at most 900 s ahead. Does not throw when the table fails. */
  pause(destination: RatedDestination, untilMs: number): Promise<void>;
  /** The monitor that watches the requests of a destination. */
  monitorOf(
    destination: RatedDestination,
  ): Pick<HealthMonitor, 'begin' | 'isHalted' | 'isUnhealthy' | 'isSlow' | 'waitsFor'>;
}

export interface RateLimiterDependencies extends DestinationDependencies {
  /** The most invocations that the fleet runs at the same time. */
  readonly invocations: number;
  /** Invocations that this worker runs at the same time; 1 in Lambda. */
  readonly ownInvocations?: number;
}

/**
 * The most destinations that a worker remembers, in addition to those with a request in progress. A forgotten destination costs
 * one more call of the table.
 */
const maxDestinations = 10_000;

/** Our clock may be this far behind the clock of the worker that gave the return time. */
const earlyToleranceMs = 100;

export function createRateLimiter(dependencies: RateLimiterDependencies): RateLimiter {
  const { batchSize, clock, random, invocations, ownInvocations = 1 } = dependencies;
  const slowTime = new SlowTime(ownInvocations, clock.nowMs(), random);
  const destinations = new BoundedMap<string, KnownDestination>(maxDestinations, ({ isInUse }) => isInUse);
  const nextGroup = createGroups(batchSize);

  function knownOf({ incarnation }: RatedDestination): KnownDestination {
    const known = destinations.get(incarnation) ?? new KnownDestination(incarnation, dependencies);
    // Moves the destination to the end of those that may be forgotten.
    destinations.set(incarnation, known);
    return known;
  }

  return {
    async reserve(destination, count, { horizonMs: longestMs, turn = newcomer, invocation = {} }) {
      if (count === 0) return { slotTimesMs: [], returns: [] };
      const { incarnation, revision } = destination;
      const known = knownOf(destination);
      const { first } = known;
      if (destination.isUnlimited && (await known.needsNoSlot(revision))) return withoutSlots(count, clock.nowMs());
      const shards = shardCount(destination, batchSize);
      const inUse = shardsInUse(destination, shards, first.healthFor(revision), { invocations, batchSize });
      let shard = turn.kind === 'return' ? turn.shard % shards : known.choice.shardOf(nextGroup(count), inUse);
      let isNewcomer = turn.kind === 'newcomer';
      if (turn.kind === 'return' && clock.nowMs() < turn.atMs - earlyToleranceMs) {
        const generation = await known.shard(shard).bucket.seen.generation();
        if (generation === undefined || generation === turn.generation) return untouched(count, turn);
        isNewcomer = true;
      }
      // While the circuit is open, all deliveries wait in the first shard, because it decides when a probe may be sent.
      if (isOpen(first.health)) shard = 0;
      const share = shareOf(destination, shard, shards);
      const patient = !isNewcomer && turn.kind === 'return';
      // Deliveries still come back to shards that newcomers no longer use. Those shards then have a small part of the limits.
      const limits = limitsOf(destination, shard < inUse ? inUse : shards, { invocations, batchSize });
      const isUsedUp = slowAnswerMs(destination, first) > 0 && slowTime.isUsedUp(incarnation, clock.nowMs());
      const horizonMs = isUsedUp ? 0 : longestMs;
      const call = { count, newcomer: isNewcomer, patient, horizonMs, share, limits, revision };
      const reserve = () => known.shard(shard).reserve(call);
      const given = await (turn.kind === 'return'
        ? reserve()
        : known.choice.observe(shard, count, () => clock.nowMs(), reserve));
      // The reservation has shown the health of the endpoint.
      const slowMs = slowAnswerMs(destination, first);
      if (slowMs > 0 && given.slotTimesMs.length > 0) slowTime.spend(incarnation, invocation, clock.nowMs(), slowMs);
      return given;
    },
    monitorOf: (destination) => knownOf(destination).monitorOf(destination),
    async pause(destination, untilMs) {
      const buckets = knownOf(destination).bucketsOf(destination);
      await Promise.all(buckets.map((bucket) => bucket.pause(untilMs, destination.revision)));
    },
  };
}

/**
 * Groups requests. Those that begin at the same moment are one group, so that they share a write. If more than a batch begins at
 * once, there are several groups: one shard has too few slots for all of them.
 *
 * @returns a function of the number of requests, whose result is the number of their group
 */
function createGroups(batchSize: number): (count: number) => number {
  let group = 0;
  /** How many requests of the current microtask are in the latest group; undefined when that microtask is over. */
  let together: number | undefined;
  return (count) => {
    if (together === undefined) {
      group += 1;
      together = 0;
      queueMicrotask(() => {
        together = undefined;
      });
    } else if (together + count > batchSize) {
      group += 1;
      together = 0;
    }
    together += count;
    return group;
  };
}

/** @returns 0 if the endpoint is not slow, or if its owner has set how many requests may be in progress */
function slowAnswerMs({ timeoutMs, maximumConcurrency }: RatedDestination, { health }: WorkerBucket): number {
  if (maximumConcurrency !== undefined || isOpen(health) || !isSlow(health)) return 0;
  return answerTimeUs(health, { timeoutUs: timeoutMs * 1000 }) / 1000;
}

/** Requests that need no slots may all begin at once. */
function withoutSlots(count: number, nowMs: number): Reservation {
  return { slotTimesMs: Array.from({ length: count }, () => nowMs), returns: [] };
}

function untouched(count: number, turn: Turn): Reservation {
  return { slotTimesMs: [], returns: Array.from({ length: count }, () => turn) };
}
