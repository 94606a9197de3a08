import { classifyAnswer, classifyFailure } from '../core/failure/classify.ts';
import type { AttemptOutcome, Delivery, HttpAnswer } from '../core/delivery/delivery.ts';
import { Failure } from '../core/failure/failure.ts';
import type { Turn } from '../core/rate/shards.ts';
import { alreadyInTurn } from '../core/rate/shards.ts';
import { signRequest } from '../core/request/signing.ts';
import { SlotMissed } from '../core/delivery/slot-missed.ts';
import { isUnauthorized } from '../core/destination/unauthorized-run.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpClient } from '../ports/delivery.ts';
import type { Deadline } from './deadline.ts';
import type { Paced, Pacing, UsedSlot } from './rate/pacing.ts';
import type { Preparation, Prepared } from './route/preparation.ts';
import type { Route } from './route/resolver.ts';
import type { ObserveAnswer } from './route/answer-observer.ts';

export interface AttemptDependencies {
  readonly preparation: Preparation;
  readonly pacing: Pacing;
  readonly http: HttpClient;
  readonly observeAnswer: ObserveAnswer;
  readonly clock: Clock;
}

export type AttemptResult =
  | {
      readonly kind: 'tried';
      readonly outcome: AttemptOutcome;
      /** Absent when the delivery failed before its request was made. */
      readonly route?: Route;
      /** Whether a request was begun: only then it was an attempt. */
      readonly requested: boolean;
      /** Time spent waiting for a slot. */
      readonly rateWaitMs: number;
      /** From each request that was answered to its answer; two at most. */
      readonly latenciesMs: readonly number[];
      /** What was thrown by a bug after the endpoint had the event. */
      readonly bug?: unknown;
    }
  /** The rate leaves no slot before the horizon: to be tried when its turn comes. */
  | { readonly kind: 'later'; readonly turn: Turn; readonly route: Route };

/**
 * Resolves, renders, authorizes, waits for a slot, signs and sends. Resolves with an outcome for every failure of the table.
 *
 * @param turn of a delivery that comes back at its return time
 */
export type Attempt = (delivery: Delivery, deadline: Deadline, turn?: Turn) => Promise<AttemptResult>;

/** How far one attempt has come. */
interface Progress {
  route?: Route;
  requests: 'none' | 'first' | 'second';
  rateWaitMs: number;
  latenciesMs: readonly number[];
  /** When the latest request that was answered began. */
  requestedAtMs: number;
  bug?: unknown;
}

export function createAttempt(dependencies: AttemptDependencies): Attempt {
  const { preparation, pacing, http, observeAnswer, clock } = dependencies;

  function send(prepared: Prepared, progress: Progress, deadline: Deadline, turn?: Turn): Promise<Paced<HttpAnswer>> {
    const { route, request, signing } = prepared;
    progress.route = route;
    const { transport, policy } = route;
    let sentAtMs = 0;
    const beforeResend = async () => {
      if (progress.requests === 'second') {
        throw new Failure('ConnectionReset', 'The connection ended before an answer, for the second time.');
      }
      progress.requests = 'second';
      await pacing.slotNow(route, deadline);
      sentAtMs = clock.nowMs();
    };
    const { timeoutMs } = policy;
    const exchange = { timeoutMs, transport, signal: deadline.signal, readSuccessBody: false, beforeResend };
    return pacing.atSlot(route, deadline, turn, async (slot) => {
      const before = { ...progress };
      noteRequest(progress, slot);
      sentAtMs = slot.nowMs;
      const signed = signing === undefined ? request : signRequest(request, signing, slot.nowMs);
      const sending = http.send(signed, { ...exchange, mayBegin: slot.isUsable });
      const answer = await sending.catch((error: unknown) => throwNoted(error, progress, before));
      progress.latenciesMs = [...progress.latenciesMs, Math.max(0, clock.nowMs() - sentAtMs)];
      return answer;
    });
  }

  /** An attempt has two requests at most: where a connection that ended has cost the second, this one is for the next. */
  async function sendSecond(again: Prepared, progress: Progress, deadline: Deadline): Promise<Paced<HttpAnswer>> {
    if (progress.requests !== 'second') return send(again, progress, deadline, alreadyInTurn);
    return { kind: 'later', turn: { ...alreadyInTurn, atMs: clock.nowMs() } };
  }

  /** Failure policy: what goes wrong once the endpoint has the event is told of, and never sends the event again. */
  async function conclude(answer: HttpAnswer, route: Route, progress: Progress): Promise<AttemptOutcome> {
    const outcome = classifyAnswer(answer, route.policy, clock.nowMs());
    if (asksEverybodyToWait(outcome)) await pacing.pause(route, outcome.retryAfterMs);
    try {
      await observeAnswer(route, { status: answer.status, requestedAtMs: progress.requestedAtMs });
    } catch (error) {
      if (outcome.kind !== 'delivered') throw error;
      progress.bug = error;
    }
    return outcome;
  }

  async function attempt(delivery: Delivery, progress: Progress, deadline: Deadline, turn?: Turn) {
    const { signal } = deadline;
    const made = preparation.cached(delivery, signal) ?? (await preparation.current(delivery, signal));
    const sendNow = (request: Prepared, its = turn) => send(request, progress, deadline, its);
    const prepareNew = () => preparation.fresh(delivery, made, undefined, signal);
    const { sent, prepared } = await sendUnlessRefused(made, sendNow, prepareNew);
    if (sent.kind === 'later') return { ...sent, route: prepared.route };
    const { status } = sent.result;
    const { kind } = classifyAnswer(sent.result, prepared.route.policy, clock.nowMs());
    if (kind !== 'permanent' && !isUnauthorized(status)) return conclude(sent.result, prepared.route, progress);
    const again = await preparation.fresh(delivery, prepared, status, signal);
    if (!('request' in again)) return conclude(sent.result, again, progress);
    const second = await sendSecond(again, progress, deadline);
    if (second.kind === 'sent') return conclude(second.result, again.route, progress);
    // No slot for it now: the next attempt has what was renewed.
    return kind === 'permanent' ? { ...second, route: again.route } : conclude(sent.result, again.route, progress);
  }

  return async (delivery, deadline, turn) => {
    const progress: Progress = { requests: 'none', rateWaitMs: 0, latenciesMs: [], requestedAtMs: 0 };
    try {
      const result = await attempt(delivery, progress, deadline, turn);
      return result.kind === 'later' ? result : tried(result, progress);
    } catch (error) {
      if (error instanceof Failure) return tried(classifyFailure(error), progress);
      throw error;
    }
  };
}

/**
 * Failure policy: a request that is not sent because its address is refused fails for good, but not on the word of a cache:
 * where the destination has changed meanwhile, the request is made anew.
 */
async function sendUnlessRefused(
  made: Prepared,
  send: (prepared: Prepared, turn?: Turn) => Promise<Paced<HttpAnswer>>,
  prepareAgain: () => Promise<Prepared | Route>,
): Promise<{ readonly sent: Paced<HttpAnswer>; readonly prepared: Prepared }> {
  try {
    return { sent: await send(made), prepared: made };
  } catch (error) {
    if (!isAddressRefused(error)) throw error;
    const again = await prepareAgain();
    if (!('request' in again)) throw error;
    return { sent: await send(again, alreadyInTurn), prepared: again };
  }
}

function noteRequest(progress: Progress, { waitedMs, nowMs }: UsedSlot): void {
  progress.requests = progress.requests === 'none' ? 'first' : 'second';
  progress.rateWaitMs += waitedMs;
  progress.requestedAtMs = nowMs;
}

/** A refused address has kept the first request from being begun. */
function throwNoted(error: unknown, progress: Progress, before: Progress): never {
  // The wait for a slot that was missed is counted with that for the next one.
  if (error instanceof SlotMissed) Object.assign(progress, before);
  if (isAddressRefused(error) && progress.requests === 'first') progress.requests = 'none';
  throw error;
}

function isAddressRefused(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'AddressRefused';
}

function tried(outcome: AttemptOutcome, { requests, requestedAtMs: _, ...known }: Progress): AttemptResult {
  return { kind: 'tried', outcome, requested: requests !== 'none', ...known };
}

/** A Retry-After of a 429 or 503 is about the endpoint, not about this one event. */
function asksEverybodyToWait(outcome: AttemptOutcome): outcome is AttemptOutcome & { readonly retryAfterMs: number } {
  if (outcome.kind === 'delivered' || (outcome.status !== 429 && outcome.status !== 503)) return false;
  return outcome.retryAfterMs !== undefined && outcome.retryAfterMs > 0;
}
