import type { RatedDestination, Turn } from '../core/rate-reservation.ts';
import { Failure } from '../core/failure.ts';
import { alreadyInTurn } from '../core/rate-shards.ts';
import type { Clock, ConcurrencyLimit } from '../ports.ts';
import type { Deadline } from './deadline.ts';
import { hasTime, requireTime } from './deadline.ts';
import { createReservations } from './pacing-reservations.ts';
import { createWaits } from './pacing-waits.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Route } from './resolve.ts';

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
    send: (waitedMs: number) => Promise<Result>,
  ): Promise<Paced<Result>>;
  /**
   * Waits for a slot for a request that has begun already and must be sent once more.
   *
   * @throws Failure ConnectionReset when there is none before the horizon
   */
  slotNow(route: Route, deadline: Deadline): Promise<void>;
  /** The endpoint has asked everybody to wait: a Retry-After of a 429 or 503. */
  pause(route: Route, retryAfterMs: number): Promise<void>;
}

/** A slot that was missed by more is given up, or by an interval if that is longer: sent late it would break the rate. */
const leastToleranceMs = 100;

/**
 * Failure policy: rather a slot lost than the rate broken. A slot that was missed is given up and another one reserved; a
 * request that has to be repeated on a new connection goes only if there is a slot for it before the horizon, and is a
 * failure of the network otherwise.
 */
export function createPacing({ limiter, concurrency, clock, horizonMs }: PacingDependencies): Pacing {
  const reserve = createReservations(limiter);
  const waitUntil = createWaits(clock);

  /** @returns the return time when there is no slot before the horizon; undefined at the moment of the slot */
  async function waitForSlot(route: Route, deadline: Deadline, turn: Turn | undefined): Promise<Turn | undefined> {
    const destination = ratedDestination(route);
    const { timeoutMs } = route.policy;
    const toleranceMs = Math.max(leastToleranceMs, 1000 / destination.ratePerSecond);
    for (let own = turn; ; own ??= alreadyInTurn) {
      requireTime(deadline, timeoutMs, clock.nowMs());
      const horizon = hasTime(deadline, timeoutMs + horizonMs, clock.nowMs()) ? horizonMs : 0;
      const options = { horizonMs: horizon, ...(own !== undefined && { turn: own }) };
      const reserved = await reserve(destination, options);
      if ('turn' in reserved) return reserved.turn;
      await waitUntil(reserved.slotMs, deadline.signal);
      if (clock.nowMs() - reserved.slotMs <= toleranceMs) return undefined;
    }
  }

  return {
    atSlot: (route, deadline, turn, send) => {
      const maximum = route.policy.maximumConcurrencyPerWorker;
      const paced = async () => {
        const beganAtMs = clock.nowMs();
        const later = await waitForSlot(route, deadline, turn);
        if (later !== undefined) return { kind: 'later', turn: later } as const;
        const waitedMs = clock.nowMs() - beganAtMs;
        requireTime(deadline, route.policy.timeoutMs, clock.nowMs());
        return { kind: 'sent', result: await send(waitedMs) } as const;
      };
      return maximum === undefined ? paced() : concurrency.run(route.apiDestination.incarnation, maximum, paced);
    },
    async slotNow(route, deadline) {
      const later = await waitForSlot(route, deadline, alreadyInTurn);
      if (later === undefined) return;
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
