import type { WaitsFor } from '../../core/delivery/delivery.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import type { Turn } from '../../core/rate/shards.ts';
import { inTurn, ratedDestination } from '../../core/rate/shards.ts';
import { slotToleranceMs } from '../../core/rate/slots.ts';
import { sendWithinMs } from '../../core/rate/unlimited.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Deadline } from '../deadline.ts';
import { hasTime, requireTime } from '../deadline.ts';
import type { WatchedRequest } from '../health/monitor.ts';
import type { RateLimiter } from './limiter.ts';
import type { SlotHorizon } from './slot-horizon.ts';

export interface PacingDependencies {
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  readonly horizon: SlotHorizon;
}

/** Permission to send a request now, or the turn with which it asks again later. */
export type SlotOrTurn =
  /** The request may be sent from now until `untilMs`, epoch ms. */
  | { readonly kind: 'now'; readonly untilMs: number; readonly isProbe: boolean }
  /** No slot is free before the horizon. Ask again at the time of `turn`. */
  | {
      readonly kind: 'later';
      readonly turn: Turn;
      readonly waitsFor: WaitsFor;
      /** Whether the circuit of the endpoint is open. */
      readonly isUnhealthy?: true;
      /** Whether the endpoint is slow, so that the delivery must not wait for its turn in an invocation. */
      readonly isSlow?: true;
    };

/** How late a probe may be sent. A late probe does no harm, because nothing else is sent while the circuit is open. */
const probeToleranceMs = 1000;

/** Keeps the requests of one worker within the rates of their destinations. */
export interface Pacing {
  /**
   * Resolves when the request's slot has come, or with a turn for later. Waiting does not count as an attempt.
   *
   * @throws Failure OutOfTime when the request could last into the time that is kept for settling
   */
  waitForSlot(destination: ResolvedDestination, deadline: Deadline, turn: Turn): Promise<SlotOrTurn>;
  /** Call this when the endpoint has asked everybody to wait, with the Retry-After of a 429 or 503. */
  pause(destination: ResolvedDestination, retryAfterMs: number): Promise<void>;
  /** Tells the health monitor that a request begins. The caller must call `end` of the result when the request has ended. */
  watch(destination: ResolvedDestination, isProbe: boolean): WatchedRequest;
}

/** Failure policy: a lost slot is better than a broken rate. A request that misses its slot reserves another one. */
export function createPacing({ limiter, clock, horizon }: PacingDependencies): Pacing {
  const waitUntil = createSharedWaits(clock);

  return {
    async waitForSlot(destination, deadline, turn) {
      const rated = ratedDestination(destination.apiDestination, destination.policy);
      const { timeoutMs } = destination.policy;
      const toleranceMs = rated.isUnlimited ? sendWithinMs : slotToleranceMs(rated.ratePerSecond);
      let nowMs = clock.nowMs();
      const horizonMs = horizon.longestWaitMs(rated.ratePerSecond);
      for (let asked = turn; ; asked = afterMissedSlot(asked)) {
        requireTime(deadline, timeoutMs, nowMs);
        const ownHorizonMs = hasTime(deadline, timeoutMs + horizonMs, nowMs) ? horizonMs : 0;
        const {
          slotTimesMs,
          returns,
          isProbe = false,
        } = await limiter.reserve(rated, 1, { horizonMs: ownHorizonMs, turn: asked, invocation: deadline });
        const [[slotMs], [later]] = [slotTimesMs, returns];
        if (slotMs === undefined) {
          if (later === undefined) throw new Error('The limiter has given neither a slot nor a turn.');
          const monitor = limiter.monitorOf(rated);
          const { isUnhealthy, isSlow } = monitor;
          const waitsFor = later.kind !== 'return' && later.isOutage ? 'store' : monitor.waitsFor;
          return {
            kind: 'later',
            turn: later,
            waitsFor,
            ...(isUnhealthy && { isUnhealthy }),
            ...(isSlow && { isSlow }),
          };
        }
        await waitUntil(slotMs, deadline.signal);
        nowMs = clock.nowMs();
        const untilMs = slotMs + (isProbe ? probeToleranceMs : toleranceMs);
        if (nowMs > untilMs || (!isProbe && limiter.monitorOf(rated).isHalted)) continue;
        requireTime(deadline, timeoutMs, nowMs);
        return { kind: 'now', untilMs, isProbe };
      }
    },
    pause: ({ apiDestination, policy }, retryAfterMs) =>
      limiter.pause(ratedDestination(apiDestination, policy), clock.nowMs() + retryAfterMs),
    watch: ({ apiDestination, policy }, isProbe) =>
      limiter.monitorOf(ratedDestination(apiDestination, policy)).begin(isProbe),
  };
}

/** The turn with which a request asks again after it has missed its slot. It does not queue a second time. */
export function afterMissedSlot(turn: Turn): Turn {
  return turn.kind === 'newcomer' ? inTurn : turn;
}

/** Resolves at the time of a slot; undefined if that has passed. Rejects with the signal's reason if the signal aborts first. */
export type WaitUntil = (slotMs: number, signal: AbortSignal) => Promise<void> | undefined;

/**
 * Slots of one invocation that lie in the same millisecond share a timer. Separate timers would fire together anyway, and each
 * would cost a timer and a listener of the signal.
 */
export function createSharedWaits(clock: Clock): WaitUntil {
  const waitsBySignal = new WeakMap<AbortSignal, Map<number, Promise<void>>>();

  function waitsOf(signal: AbortSignal): Map<number, Promise<void>> {
    const existing = waitsBySignal.get(signal);
    if (existing !== undefined) return existing;
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
