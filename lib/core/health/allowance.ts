import type { RatedDestination } from '../rate/shards.ts';
import type { Share } from '../rate/slots.ts';
import { secondUs } from '../rate/slots.ts';
import { probeIntervalUs } from './circuit.ts';
import type { Health } from './health.ts';
import { isOpen, isPaused } from './health.ts';

/** The limits on the use of an endpoint, in addition to its rate. A shard has its part of these limits. */
export interface EndpointLimits {
  /** How many requests the whole fleet may have in progress; absent when there is no limit. */
  readonly maximumConcurrency?: number;
  /** The most invocations that the fleet runs at the same time. */
  readonly invocations: number;
  /** Time limit of one request. */
  readonly timeoutUs: number;
}

/** A shard's part of the limits. @param invocations the most that the fleet runs at the same time */
export function limitsOf(destination: RatedDestination, shards: number, invocations: number): EndpointLimits {
  const { timeoutMs, maximumConcurrency } = destination;
  const parts = maximumConcurrency === undefined ? undefined : { maximumConcurrency: maximumConcurrency / shards };
  return { ...parts, invocations: invocations / shards, timeoutUs: (timeoutMs / 1000) * secondUs };
}

/** What a worker may reserve now, given the health of the endpoint. */
export interface Allowance {
  readonly share: Share;
  /** The share that decides how far apart return times are. */
  readonly returnShare: Share;
  /** The least time by which a reservation with slots moves the end of the slots. */
  readonly leastCostUs: number;
  /** The most slots that one reservation may take. */
  readonly mostSlots: number;
  /** Whether the circuit is open, so that a slot is given only when a probe is due. */
  readonly onlyProbes: boolean;
  /** The earliest return time that may be given. */
  readonly returnsFromUs: number;
}

/** The largest part of all invocations that a destination with a slow endpoint may occupy. */
const longestPart = 1 / 3;

/** While a destination is paused or its circuit is open, at most this many of its deliveries come back each second to ask. */
const idleReturnsPerSecond = 100;

/** After the circuit has closed, requests begin at this part of the rate, and the part doubles each second. */
const slowStartPart = 1 / 64;
const slowStartSteps = 6;

/**
 * How much of the rate may be used, given the health of the endpoint.
 *
 * - Paused: nothing. The deliveries wait until the end of the pause.
 * - Open: one request, the probe. The next probe may follow after a request's time limit plus an interval.
 * - Just closed: a part of the rate that doubles each second.
 * - Slow: by Little's law, the number of requests in progress is the requests a second times the time of an answer. So the
 *   rate is lowered until this number is at most the maximum concurrency. Without a maximum, it is the invocations that are
 *   limited, and each reservation is one invocation that waits for answers. Each takes so much of the rate that the
 *   destination occupies at most a third of all invocations.
 */
export function allowanceOf(health: Health, share: Share, limits: EndpointLimits, nowUs: number): Allowance {
  const idleShare = { ...share, ratePerSecond: Math.min(share.ratePerSecond, idleReturnsPerSecond) };
  const idle = { returnShare: idleShare, leastCostUs: 0, returnsFromUs: 0, onlyProbes: false };
  if (isPaused(health, nowUs)) return { ...idle, share, mostSlots: 0, returnsFromUs: health.pausedUntilUs };
  if (isOpen(health)) {
    const probeUs = limits.timeoutUs + probeIntervalUs(health.failedProbes);
    return { ...idle, share: { ratePerSecond: secondUs / probeUs, burst: 1 }, mostSlots: 1, onlyProbes: true };
  }
  const { maximumConcurrency = Number.POSITIVE_INFINITY, invocations } = limits;
  const answerUs = answerTimeUs(health, limits);
  const ratePerSecond = Math.min(
    startingRate(health, share, nowUs),
    answerUs === 0 ? Number.POSITIVE_INFINITY : (maximumConcurrency * secondUs) / answerUs,
  );
  const limited = ratePerSecond === share.ratePerSecond ? share : { ...share, ratePerSecond };
  const leastCostUs = limits.maximumConcurrency === undefined ? Math.ceil(answerUs / (invocations * longestPart)) : 0;
  const all = { mostSlots: Number.POSITIVE_INFINITY, returnsFromUs: 0, onlyProbes: false };
  return { ...all, share: limited, returnShare: limited, leastCostUs };
}

/**
 * A stalled request may be answered in the next moment, or never. That it takes four times as long as it has waited limits the
 * destination soon enough, and costs little of the rate when the answer comes after all.
 */
const stalledFactor = 4;

function answerTimeUs({ answerUs, stalledUs }: Health, { timeoutUs }: EndpointLimits): number {
  return Math.max(answerUs, Math.min(timeoutUs, stalledUs * stalledFactor));
}

function startingRate({ closedAtUs }: Health, { ratePerSecond }: Share, nowUs: number): number {
  const seconds = (nowUs - closedAtUs) / secondUs;
  if (closedAtUs === 0 || seconds >= slowStartSteps) return ratePerSecond;
  return Math.max(1, ratePerSecond * slowStartPart * 2 ** Math.max(0, seconds));
}
