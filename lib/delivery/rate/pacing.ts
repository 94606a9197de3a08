import { SlotMissed } from '../../core/delivery/slot-missed.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { RatedDestination, Turn } from '../../core/rate/shards.ts';
import { alreadyInTurn } from '../../core/rate/shards.ts';
import { slotToleranceMs } from '../../core/rate/slots.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConcurrencyLimit } from '../../ports/delivery.ts';
import type { Deadline } from '../deadline.ts';
import { hasTime, requireTime } from '../deadline.ts';
import type { Route } from '../route/resolver.ts';
import type { RateLimiter } from './limiter.ts';
import { createReservations } from './reservations.ts';

export interface PacingDependencies {
  readonly limiter: RateLimiter;
  readonly concurrency: ConcurrencyLimit;
  readonly clock: Clock;
  /** How far ahead a slot may lie that is waited for: 2 s in a queue batch, 250 ms for a single event. */
  readonly horizonMs: number;
}

/** What came of asking for a slot. */
export type Paced<Result> =
  | { readonly kind: 'sent'; readonly result: Result }
  /** No slot before the horizon: come back then. */
  | { readonly kind: 'later'; readonly turn: Turn };

/** A slot whose time has come. */
export interface UsedSlot {
  readonly nowMs: number;
  readonly waitedMs: number;
  /** Whether it may still be used; asked again where a request was held up. */
  readonly isUsable: () => boolean;
}

export interface Pacing {
  /**
   * Sends at a slot of its own. A wait is no attempt.
   *
   * @param turn of a delivery that comes back at its return time; `alreadyInTurn` for the second request of an attempt
   * @throws Failure OutOfTime when an exchange could reach into the time kept for settling
   */
  atSlot<Result>(
    route: Route,
    deadline: Deadline,
    turn: Turn | undefined,
    send: (slot: UsedSlot) => Promise<Result>,
  ): Promise<Paced<Result>>;
  /**
   * Waits for a slot for a request that has begun already and must be sent once more.
   *
   * @throws Failure ConnectionReset when there is none before the horizon, OutOfTime as above
   */
  slotNow(route: Route, deadline: Deadline): Promise<void>;
  /** The endpoint has asked everybody to wait: a Retry-After of a 429 or 503. */
  pause(route: Route, retryAfterMs: number): Promise<void>;
}

/**
 * Failure policy: rather a slot lost than the rate broken. A slot that was missed is given up and another one reserved; a
 * request that has to be repeated on a new connection goes only if there is a slot for it before the horizon, and is a
 * failure of the network otherwise.
 */
export function createPacing({ limiter, concurrency, clock, horizonMs }: PacingDependencies): Pacing {
  const reserve = createReservations(limiter);
  const waitUntil = createWaits(clock);

  async function sendAtSlot<Result>(
    route: Route,
    deadline: Deadline,
    turn: Turn | undefined,
    send: (slot: UsedSlot) => Promise<Result>,
  ): Promise<Paced<Result>> {
    const destination = ratedDestination(route);
    const { timeoutMs } = route.policy;
    const toleranceMs = slotToleranceMs(destination.ratePerSecond);
    const beganAtMs = clock.nowMs();
    let nowMs = beganAtMs;
    for (let own = turn; ; own ??= alreadyInTurn) {
      requireTime(deadline, timeoutMs, nowMs);
      const horizon = hasTime(deadline, timeoutMs + horizonMs, nowMs) ? horizonMs : 0;
      const options = own === undefined ? { horizonMs: horizon } : { horizonMs: horizon, turn: own };
      const reserved = await reserve(destination, options);
      if ('turn' in reserved) return { kind: 'later', turn: reserved.turn };
      await waitUntil(reserved.slotMs, deadline.signal);
      nowMs = clock.nowMs();
      const isUsable = () => clock.nowMs() - reserved.slotMs <= toleranceMs;
      if (!isUsable()) continue;
      requireTime(deadline, timeoutMs, nowMs);
      try {
        return { kind: 'sent', result: await send({ nowMs, waitedMs: nowMs - beganAtMs, isUsable }) };
      } catch (error) {
        if (!(error instanceof SlotMissed)) throw error;
        nowMs = clock.nowMs();
      }
    }
  }

  return {
    atSlot: (route, deadline, turn, send) => {
      const maximum = route.policy.maximumConcurrencyPerWorker;
      if (maximum === undefined) return sendAtSlot(route, deadline, turn, send);
      return concurrency.run(route.apiDestination.incarnation, maximum, () => sendAtSlot(route, deadline, turn, send));
    },
    async slotNow(route, deadline) {
      const paced = await sendAtSlot(route, deadline, alreadyInTurn, () => Promise.resolve());
      if (paced.kind === 'sent') return;
      throw new Failure(
        'ConnectionReset',
        'The connection ended before an answer, and the rate leaves no second request.',
      );
    },
    pause: (route, retryAfterMs) => limiter.pause(ratedDestination(route), clock.nowMs() + retryAfterMs),
  };
}

function ratedDestination({ apiDestination, policy }: Route): RatedDestination {
  const { incarnation, revision, invocationRateLimitPerSecond: ratePerSecond } = apiDestination;
  return { incarnation, revision, ratePerSecond, burst: policy.burst };
}

/** Resolves at the moment of a slot, or at once when it has passed; rejects with the signal's reason when it aborts first. */
export type WaitUntil = (slotMs: number, signal: AbortSignal) => Promise<void> | undefined;

/**
 * Slots of one invocation that lie in the same millisecond share a timer. A timer knows no smaller unit, so that apart they
 * would wake up together all the same, and each would pay for a timer and for a listener of the signal.
 */
export function createWaits(clock: Clock): WaitUntil {
  const waitsBySignal = new WeakMap<AbortSignal, Map<number, Promise<void>>>();

  function waitsOf(signal: AbortSignal): Map<number, Promise<void>> {
    const known = waitsBySignal.get(signal);
    if (known !== undefined) return known;
    const waits = new Map<number, Promise<void>>();
    waitsBySignal.set(signal, waits);
    return waits;
  }

  return (slotMs, signal) => {
    const atMs = Math.ceil(slotMs);
    const delayMs = atMs - clock.nowMs();
    if (delayMs <= 0) return undefined;
    const waits = waitsOf(signal);
    const shared = waits.get(atMs);
    if (shared !== undefined) return shared;
    const wait = clock.delay(delayMs, signal).finally(() => waits.delete(atMs));
    waits.set(atMs, wait);
    return wait;
  };
}
