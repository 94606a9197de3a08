import type { AttemptOutcome, Delivery, HttpAnswer } from '../core/delivery/delivery.ts';
import { maskedAnswer } from '../core/delivery/masked-answer.ts';
import { withTrace } from '../core/delivery/trace.ts';
import type { ResolvedDestination } from '../core/destination/resolved-destination.ts';
import { isUnauthorized } from '../core/destination/unauthorized-run.ts';
import { asksEverybodyToWait, classifyAnswer, classifyFailure, isBeforeConnection } from '../core/failure/classify.ts';
import { Failure } from '../core/failure/failure.ts';
import type { Signal } from '../core/health/circuit.ts';
import { aliveSignal, noSignal, signalOf } from '../core/health/circuit.ts';
import type { Turn } from '../core/rate/shards.ts';
import { inTurn, newcomer } from '../core/rate/shards.ts';
import { signRequest } from '../core/request/signing.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { ConcurrencyLimit, HttpClient, HttpResult } from '../ports/delivery.ts';
import type { Deadline } from './deadline.ts';
import type { Pacing, SlotOrTurn } from './rate/pacing.ts';
import { afterMissedSlot } from './rate/pacing.ts';
import type { Preparation, Prepared } from './route/preparation.ts';
import type { ObserveAnswer } from './route/answer-observer.ts';

export interface AttemptDependencies {
  readonly preparation: Preparation;
  readonly pacing: Pacing;
  /** Used for destinations whose policy sets a maximum concurrency per worker. */
  readonly concurrency: ConcurrencyLimit;
  readonly http: HttpClient;
  readonly observeAnswer: ObserveAnswer;
  readonly clock: Clock;
  /** For the ids of the requests in a trace. */
  readonly random: Random;
}

export type AttemptResult =
  | {
      readonly kind: 'tried';
      readonly outcome: AttemptOutcome;
      /** Absent when the delivery failed before its request was made. */
      readonly destination?: ResolvedDestination;
      /** Whether the sending of a request has begun. If not, this try does not count as an attempt. */
      readonly requested: boolean;
      /** Time spent waiting for a slot. */
      readonly rateWaitMs: number;
      /** How long each answered request took until its answer; at most two times. */
      readonly latenciesMs: readonly number[];
      /** The error of a bug in our code, thrown after the endpoint had accepted the event. */
      readonly bug?: unknown;
      /** The number of events in the request, if it was more than one. */
      readonly batchSize?: number;
    }
  /** No slot is free before the horizon. Try again at the time of the turn. */
  | (SlotOrTurn & { readonly kind: 'later'; readonly destination: ResolvedDestination });

/**
 * Makes one attempt: builds the request, waits for a slot, and sends it. A failure of the failure table becomes an outcome;
 * any other error is thrown.
 *
 * @param turn the turn of a delivery that comes back at its return time; default: newcomer
 */
export type Attempt = (delivery: Delivery, deadline: Deadline, turn?: Turn) => Promise<AttemptResult>;

/** An attempt sends a second request after a rejection or a lost connection, and never a third one. */
const maximumRequests = 2;

type Sent =
  | { readonly kind: 'answered'; readonly answer: HttpAnswer; readonly requestedAtMs: number }
  | (SlotOrTurn & { readonly kind: 'later' });

/** An answer, classified under the destination's policy. */
interface JudgedAnswer {
  readonly status: number;
  readonly requestedAtMs: number;
  readonly outcome: AttemptOutcome;
}

export function createAttempt(dependencies: AttemptDependencies): Attempt {
  return async (delivery, deadline, turn = newcomer) => {
    const attempt = new OneAttempt(dependencies, delivery, deadline);
    try {
      return await attempt.run(turn);
    } catch (error) {
      if (error instanceof Failure) return attempt.tried(classifyFailure(error));
      throw error;
    }
  };
}

/** One attempt. Only this class counts the requests that the attempt has sent. */
class OneAttempt {
  readonly #dependencies: AttemptDependencies;
  readonly #delivery: Delivery;
  readonly #deadline: Deadline;
  #destination: ResolvedDestination | undefined;
  #requests = 0;
  #rateWaitMs = 0;
  readonly #latenciesMs: number[] = [];
  #bug: unknown;

  constructor(dependencies: AttemptDependencies, delivery: Delivery, deadline: Deadline) {
    this.#dependencies = dependencies;
    this.#delivery = delivery;
    this.#deadline = deadline;
  }

  async run(turn: Turn): Promise<AttemptResult> {
    const { preparation } = this.#dependencies;
    const { signal } = this.#deadline;
    const delivery = this.#delivery;
    const made = preparation.cached(delivery, signal) ?? (await preparation.current(delivery, signal));
    const { sent, prepared } = await this.#sendUnlessRefused(made, turn);
    const { destination } = prepared;
    if (sent.kind === 'later') return { ...sent, destination };
    const first = this.#judge(sent, destination);
    const isPermanent = first.outcome.kind === 'permanent';
    if (!isPermanent && !isUnauthorized(first.status)) return this.#conclude(first, destination);
    const again = await preparation.fresh(delivery, prepared, first.status, signal);
    if (!('request' in again)) return this.#conclude(first, again);
    const second = await this.#sendSecond(again);
    if (second.kind === 'answered') return this.#conclude(this.#judge(second, again.destination), again.destination);
    // There is no slot for a second request now. The next attempt will use the renewed credentials.
    return isPermanent ? { ...second, destination: again.destination } : this.#conclude(first, again.destination);
  }

  tried(outcome: AttemptOutcome): AttemptResult {
    return {
      kind: 'tried',
      outcome,
      ...(this.#destination !== undefined && { destination: this.#destination }),
      requested: this.#requests > 0,
      rateWaitMs: this.#rateWaitMs,
      latenciesMs: this.#latenciesMs,
      ...(this.#bug !== undefined && { bug: this.#bug }),
    };
  }

  /**
   * Failure policy: a request whose address is refused is not sent and fails for good. But a cached destination must not decide
   * this. So the destination is read again, and if it has changed, the request is made again.
   */
  async #sendUnlessRefused(made: Prepared, turn: Turn): Promise<{ readonly sent: Sent; readonly prepared: Prepared }> {
    try {
      return { sent: await this.#send(made, turn), prepared: made };
    } catch (error) {
      if (!isAddressRefused(error)) throw error;
      const { signal } = this.#deadline;
      const again = await this.#dependencies.preparation.fresh(this.#delivery, made, undefined, signal);
      if (!('request' in again)) throw error;
      return { sent: await this.#send(again, inTurn), prepared: again };
    }
  }

  /** Sends the renewed request, or leaves it to the next attempt if this one has already replaced a lost connection. */
  async #sendSecond(again: Prepared): Promise<Sent> {
    if (this.#requests < maximumRequests) return this.#send(again, inTurn);
    return { kind: 'later', waitsFor: 'rate', turn: { ...inTurn, atMs: this.#dependencies.clock.nowMs() } };
  }

  #send(prepared: Prepared, turn: Turn): Promise<Sent> {
    const { apiDestination, policy } = prepared.destination;
    this.#destination = prepared.destination;
    const maximum = policy.maximumConcurrencyPerWorker;
    if (maximum === undefined) return this.#sendAtSlot(prepared, turn);
    const work = () => this.#sendAtSlot(prepared, turn);
    return this.#dependencies.concurrency.run(apiDestination.incarnation, maximum, work);
  }

  /** Waits for a slot and sends. Waits for another slot after a missed one, and sends again after a lost connection. */
  async #sendAtSlot({ destination, request, signing, token }: Prepared, turn: Turn): Promise<Sent> {
    const { pacing, http, clock, random } = this.#dependencies;
    const { transport } = destination;
    const { timeoutMs } = destination.policy;
    const { signal } = this.#deadline;
    let waitsSinceMs = clock.nowMs();
    for (let asked = turn, hasLostSocket = false; ; ) {
      const slot = await pacing.waitForSlot(destination, this.#deadline, asked);
      if (slot.kind === 'later') {
        if (hasLostSocket) throw connectionLost('and the rate allows no second request now');
        return slot;
      }
      const requestedAtMs = clock.nowMs();
      const signed = signing === undefined ? request : signRequest(request, signing, requestedAtMs);
      const watched = pacing.watch(destination, slot.isProbe);
      const traced = withTrace(signed, this.#delivery.trace, random);
      const { untilMs: sendUntilMs } = slot;
      let result: HttpResult;
      try {
        result = await http.send(traced, { timeoutMs, transport, signal, readSuccessBody: false, sendUntilMs });
      } catch (error) {
        await watched.end(error instanceof Failure ? signalOf(classifyFailure(error)) : noSignal);
        if (!isBeforeConnection(error)) this.#count(requestedAtMs - waitsSinceMs);
        throw error;
      }
      if (result.kind !== 'answer') void watched.end(noSignal);
      if (result.kind === 'missed') {
        asked = afterMissedSlot(asked);
        continue;
      }
      this.#count(requestedAtMs - waitsSinceMs);
      if (result.kind === 'answer') {
        this.#latenciesMs.push(Math.max(0, clock.nowMs() - requestedAtMs));
        const told = watched.end(this.#signalOf(result.answer, destination));
        if (told !== undefined) await told;
        const answer = maskedAnswer(result.answer, destination, token?.accessToken);
        return { kind: 'answered', answer, requestedAtMs };
      }
      if (this.#requests >= maximumRequests) throw connectionLost('for the second time');
      [asked, hasLostSocket, waitsSinceMs] = [inTurn, true, clock.nowMs()];
    }
  }

  #signalOf(answer: HttpAnswer, { policy }: ResolvedDestination): Signal {
    return answer.status < 500
      ? aliveSignal
      : signalOf(classifyAnswer(answer, policy, this.#dependencies.clock.nowMs()));
  }

  #count(waitedMs: number): void {
    this.#requests += 1;
    this.#rateWaitMs += waitedMs;
  }

  #judge({ answer, requestedAtMs }: Sent & { kind: 'answered' }, { policy }: ResolvedDestination): JudgedAnswer {
    const outcome = classifyAnswer(answer, policy, this.#dependencies.clock.nowMs());
    return { status: answer.status, requestedAtMs, outcome };
  }

  /** Failure policy: an error after the endpoint has accepted the event is only logged. The event is not sent again. */
  async #conclude(judged: JudgedAnswer, destination: ResolvedDestination): Promise<AttemptResult> {
    const { status, requestedAtMs, outcome } = judged;
    const { pacing, observeAnswer } = this.#dependencies;
    if (asksEverybodyToWait(outcome)) await pacing.pause(destination, outcome.retryAfterMs);
    try {
      const answer = outcome.kind === 'delivered' ? undefined : outcome.answer;
      await observeAnswer(destination, { status, requestedAtMs, answer });
    } catch (error) {
      if (outcome.kind !== 'delivered') throw error;
      this.#bug = error;
    }
    return this.tried(outcome);
  }
}

function connectionLost(why: string): Failure {
  return new Failure('ConnectionReset', `The connection ended before an answer, ${why}.`);
}

function isAddressRefused(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'AddressRefused';
}
