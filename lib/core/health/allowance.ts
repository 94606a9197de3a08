import type { Share } from '../rate/slots.ts';
import { secondUs } from '../rate/slots.ts';
import { probeIntervalUs } from './circuit.ts';
import type { Health } from './health.ts';
import { isOpen, isPaused } from './health.ts';

/** What limits the use of an endpoint beside its rate; of a shard, its part of it. */
export interface EndpointLimits {
  /** Requests that the whole fleet may have under way; absent: no limit. */
  readonly maximumConcurrency?: number;
  /** Invocations that the fleet runs at the same time at most. */
  readonly invocations: number;
  /** Time limit of one request. */
  readonly timeoutUs: number;
}

/** What a worker may reserve now, given the health of the endpoint. */
export interface Allowance {
  readonly share: Share;
  /** The spacing of return times. */
  readonly returnShare: Share;
  /** A reservation with slots moves the end of the slots by at least this. */
  readonly leastCostUs: number;
  /** Slots that one reservation may take. */
  readonly mostSlots: number;
  /** No return time lies before. */
  readonly returnsFromUs: number;
}

/** One destination holds at most this part of all invocations when its endpoint is slow. */
const longestPart = 1 / 3;

/** While no requests are sent, no more deliveries than this come back each second, to find that out. */
const idleReturnsPerSecond = 100;

/** A closed circuit begins with this part of the rate, and doubles it each second. */
const slowStartPart = 1 / 64;
const slowStartSteps = 6;

/**
 * What the health of an endpoint leaves of its rate.
 *
 * - Paused: nothing. The deliveries wait until the end of the pause.
 * - Open: one request, a probe; the next one after its time limit and an interval.
 * - Just closed: a part of the rate that doubles each second.
 * - Slow: by Little's law, requests under way = requests a second * time of an answer. So the rate is lowered to where the
 *   maximum concurrency is reached. Without a maximum, each reservation, which is one invocation that waits for answers, takes
 *   so much of the rate that the destination holds at most a third of all invocations.
 */
export function allowanceOf(health: Health, share: Share, limits: EndpointLimits, nowUs: number): Allowance {
  const idleShare = { ...share, ratePerSecond: Math.min(share.ratePerSecond, idleReturnsPerSecond) };
  const idle = { returnShare: idleShare, leastCostUs: 0, returnsFromUs: 0 };
  if (isPaused(health, nowUs)) return { ...idle, share, mostSlots: 0, returnsFromUs: health.pausedUntilUs };
  if (isOpen(health)) {
    const probeUs = limits.timeoutUs + probeIntervalUs(health.failedProbes);
    return { ...idle, share: { ratePerSecond: secondUs / probeUs, burst: 1 }, mostSlots: 1 };
  }
  const { maximumConcurrency = Number.POSITIVE_INFINITY, invocations } = limits;
  const answerUs = answerTimeUs(health, limits);
  const ratePerSecond = Math.min(
    startingRate(health, share, nowUs),
    answerUs === 0 ? Number.POSITIVE_INFINITY : (maximumConcurrency * secondUs) / answerUs,
  );
  const limited = ratePerSecond === share.ratePerSecond ? share : { ...share, ratePerSecond };
  const leastCostUs = limits.maximumConcurrency === undefined ? Math.ceil(answerUs / (invocations * longestPart)) : 0;
  return { share: limited, returnShare: limited, leastCostUs, mostSlots: Number.POSITIVE_INFINITY, returnsFromUs: 0 };
}

/** Requests that wait unusually long count as if they would wait until their time limit. */
function answerTimeUs({ answerUs, stalledAtUs }: Health, { timeoutUs }: EndpointLimits): number {
  return stalledAtUs > 0 ? Math.max(answerUs, timeoutUs) : answerUs;
}

function startingRate({ closedAtUs }: Health, { ratePerSecond }: Share, nowUs: number): number {
  const seconds = (nowUs - closedAtUs) / secondUs;
  if (closedAtUs === 0 || seconds >= slowStartSteps) return ratePerSecond;
  return Math.max(1, ratePerSecond * slowStartPart * 2 ** Math.max(0, seconds));
}
