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
  /** The most requests that one invocation makes. */
  readonly batchSize: number;
}

type StackLimits = Pick<EndpointLimits, 'invocations' | 'batchSize'>;

/** The limits of one shard, when `shards` of them share the concurrency and the invocations of the destination equally. */
export function limitsOf(
  { timeoutMs, maximumConcurrency }: RatedDestination,
  shards: number,
  { invocations, batchSize }: StackLimits,
): EndpointLimits {
  const parts = maximumConcurrency === undefined ? undefined : { maximumConcurrency: maximumConcurrency / shards };
  return { ...parts, invocations: invocations / shards, batchSize, timeoutUs: (timeoutMs / 1000) * secondUs };
}

/**
 * How many of a destination's shards newcomers use. A slow or unknown endpoint gets few requests a second. If all shards shared
 * them, the next slot of one shard could be seconds away while other shards are unused.
 *
 * @param shards number of shards that hold the rate of the destination
 */
export function shardsInUse(destination: RatedDestination, shards: number, health: Health, stack: StackLimits): number {
  const limits = limitsOf(destination, 1, stack);
  const atOnce = limits.maximumConcurrency ?? limits.invocations * longestPart * limits.batchSize;
  const perSecond = (atOnce * secondUs) / (answerTimeUs(health, limits) || assumedAnswerUs);
  return Math.min(shards, Math.max(1, Math.ceil((perSecond * shards) / destination.ratePerSecond)));
}

/** The slots and return times that a worker may reserve now, given the health of the endpoint. */
export interface Allowance {
  readonly share: Share;
  /** The rate and burst that decide how far apart return times are. */
  readonly returnShare: Share;
  /** A reservation of slots uses up at least this much time of the rate, however few slots it takes. */
  readonly leastCostUs: number;
  /** The most slots that one reservation may take. */
  readonly mostSlots: number;
  /** Whether the circuit is open, so that a slot is given only when a probe is due. */
  readonly onlyProbes: boolean;
  /** The earliest return time that may be given. */
  readonly returnsFromUs: number;
  /** How far the return times run ahead of the slots. */
  readonly earlyReturnUs: number;
}

/** The largest part of all invocations that a destination with a slow endpoint may occupy. */
const longestPart = 1 / 3;

/** The time of an answer that is assumed for an endpoint that has not been asked yet. */
const assumedAnswerUs = 500_000;

/** An endpoint is slow if the mean time of an answer is at least this long. */
const slowAnswerUs = secondUs;

/**
 * A message is delayed by whole seconds, so it may come back a second late. For this reason, return times run ahead of the
 * slots by a second. Otherwise no slot would be used in the first second of a backlog.
 */
export const earlyReturnUs = secondUs;

/**
 * Requests to a slow endpoint may always wait this long for a slot, even if the destination then occupies more than its part of
 * the invocations. Requests to an unknown endpoint may wait for the assumed time of an answer: then it is known whether the
 * endpoint answers.
 */
const shortestWaitUs = 100_000;

/** While a destination is paused or its circuit is open, at most this many of its deliveries ask for a slot each second. */
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
 * - Slow: by Little's law, the number of requests in progress is the rate times the duration of a request. So the rate is
 *   lowered until this number is at most the maximum concurrency. If there is no maximum, the invocations are limited instead:
 *   the destination may occupy a third of them. Each reservation belongs to one invocation, which then waits for answers. So a
 *   reservation uses up enough time of the rate to keep this limit.
 */
export function allowanceOf(health: Health, share: Share, limits: EndpointLimits, nowUs: number): Allowance {
  const idleShare = { ...share, ratePerSecond: Math.min(share.ratePerSecond, idleReturnsPerSecond) };
  const idle = { returnShare: idleShare, leastCostUs: 0, returnsFromUs: 0, onlyProbes: false, earlyReturnUs };
  if (isPaused(health, nowUs)) return { ...idle, share, mostSlots: 0, returnsFromUs: health.pausedUntilUs };
  if (isOpen(health)) {
    const probeUs = limits.timeoutUs + probeIntervalUs(health.failedProbes);
    return { ...idle, share: { ratePerSecond: secondUs / probeUs, burst: 1 }, mostSlots: 1, onlyProbes: true };
  }
  const { maximumConcurrency = Number.POSITIVE_INFINITY, invocations } = limits;
  const answerUs = answerTimeUs(health, limits);
  const ratePerSecond = Math.min(
    startingRate(health, share, nowUs),
    (maximumConcurrency * secondUs) / (answerUs || assumedAnswerUs),
  );
  // Requests of a burst would all be in progress at once.
  const burst = limits.maximumConcurrency === undefined && !isSlow(health) ? share.burst : 1;
  const limited = ratePerSecond === share.ratePerSecond && burst === share.burst ? share : { ratePerSecond, burst };
  const countedUs = answerUs === 0 ? assumedAnswerUs : answerUs;
  const leastCostUs = limits.maximumConcurrency === undefined ? Math.ceil(countedUs / (invocations * longestPart)) : 0;
  const all = { mostSlots: Number.POSITIVE_INFINITY, returnsFromUs: 0, onlyProbes: false };
  // Return times do not run ahead for a slow endpoint, because invocations must not wait a second for its slots.
  const early = { earlyReturnUs: isSlow(health) ? 0 : earlyReturnUs };
  return { ...all, ...early, share: limited, returnShare: returnShareOf(health, share, limits), leastCostUs };
}

/**
 * How long an invocation may wait for slots of a slow or unknown endpoint. An invocation is occupied while it waits for a slot,
 * and while it waits for an answer. Invocations of both kinds together must not exceed the destination's part.
 *
 * @param count number of requests that the invocation wants slots for
 * @returns infinity for an endpoint that is known to answer soon
 */
export function longestSlotWaitUs(
  count: number,
  health: Health,
  { share, leastCostUs }: Pick<Allowance, 'share' | 'leastCostUs'>,
  limits: EndpointLimits,
): number {
  const answerUs = answerTimeUs(health, limits);
  if (answerUs > 0 && !isSlow(health)) return Number.POSITIVE_INFINITY;
  const gapUs = Math.max(leastCostUs, (count * secondUs) / share.ratePerSecond);
  const partUs = gapUs * limits.invocations * longestPart - (answerUs || assumedAnswerUs);
  return Math.max(answerUs === 0 ? assumedAnswerUs : shortestWaitUs, gapUs, partUs);
}

/** Ignores a slow start and a stall: they pass within seconds, but return times reach up to 900 s ahead. */
function returnShareOf({ answerUs }: Health, share: Share, limits: EndpointLimits): Share {
  const meanUs = Math.min(answerUs, limits.timeoutUs);
  const { maximumConcurrency = limits.invocations * longestPart * limits.batchSize } = limits;
  // A mean of 0 is not known, and gives an infinite rate.
  const ratePerSecond = (maximumConcurrency * secondUs) / meanUs;
  return ratePerSecond >= share.ratePerSecond ? share : { ...share, ratePerSecond };
}

/**
 * A stalled request is assumed to take four times as long as it has waited so far. So the destination is limited soon enough.
 * If the answer comes after all, only little of the rate was lost.
 */
const stalledFactor = 4;

/** Whether answers take a second or more, or are expected to. Requests to such an endpoint could occupy too many invocations. */
export function isSlow({ answerUs, stalledUs }: Health): boolean {
  return Math.max(answerUs, stalledUs * stalledFactor) >= slowAnswerUs;
}

/** The time that an answer is expected to take; 0 if nothing is known. */
export function answerTimeUs(
  { answerUs, stalledUs }: Health,
  { timeoutUs }: Pick<EndpointLimits, 'timeoutUs'>,
): number {
  return Math.min(timeoutUs, Math.max(answerUs, stalledUs * stalledFactor));
}

/** Whether the slow start after an open circuit is over. Also true for a time so far ahead that only a wrong clock can cause it. */
export function hasStarted({ closedAtUs }: Pick<Health, 'closedAtUs'>, nowUs: number): boolean {
  const seconds = (nowUs - closedAtUs) / secondUs;
  // Stryker disable next-line EqualityOperator: after exactly `slowStartSteps` seconds, both ways give the whole rate.
  return seconds < -slowStartSteps || seconds >= slowStartSteps;
}

function startingRate(health: Health, { ratePerSecond }: Share, nowUs: number): number {
  if (hasStarted(health, nowUs)) return ratePerSecond;
  return Math.max(1, ratePerSecond * slowStartPart * 2 ** Math.max(0, (nowUs - health.closedAtUs) / secondUs));
}
