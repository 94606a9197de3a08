import type { AttemptOutcome, Conclusion, Delivery, Settlement } from '../core/delivery.ts';
import { Failure } from '../core/failure.ts';
import { parseDelivery } from '../core/parse-delivery.ts';
import type { Clock, DeadLetterQueue, DeliveryLog } from '../ports.ts';
import type { Attempt } from './attempt.ts';
import type { Deadline } from './deadline.ts';
import { bury, createSettle } from './settle.ts';

export interface DelivererDependencies {
  readonly attempt: Attempt;
  readonly deadLetters: DeadLetterQueue;
  readonly log: DeliveryLog;
  readonly clock: Clock;
  /** The API destination of every event, when the function has one; envelopes are then refused. */
  readonly apiDestination: string | undefined;
}

/** The story of an event from the first stage to the last. Never rejects: every delivery ends in a conclusion. */
export interface Deliverer {
  /** A rule target's input as it came. */
  deliverInput(input: unknown, deadline: Deadline): Promise<Conclusion>;
  deliver(delivery: Delivery, deadline: Deadline): Promise<Conclusion>;
}

export function createDeliverer(dependencies: DelivererDependencies): Deliverer {
  const { attempt, deadLetters, log, clock, apiDestination } = dependencies;
  const settle = createSettle(deadLetters);

  async function deliver(delivery: Delivery, deadline: Deadline): Promise<Conclusion> {
    const beganAtMs = clock.nowMs();
    const attempts = delivery.attempts + 1;
    const named = namesOf(delivery);
    let conclusion: Conclusion;
    try {
      const outcome = await attempt(delivery, deadline);
      const settlement = await settle(delivery, outcome, attempts);
      conclusion = { settlement, ...named, ...described(outcome), attempts, durationMs: clock.nowMs() - beganAtMs };
    } catch (error) {
      const settlement: Settlement = { kind: 'returned', error };
      conclusion = { settlement, ...named, code: 'Unexpected', attempts, durationMs: clock.nowMs() - beganAtMs };
    }
    log.record(conclusion);
    return conclusion;
  }

  /** What is no delivery at all goes to the dead letters as it is. */
  async function reject(input: unknown, failure: Failure): Promise<Conclusion> {
    const beganAtMs = clock.nowMs();
    const { code, message: reason } = failure;
    const settlement = await bury(deadLetters, { body: JSON.stringify(input) ?? 'null', code, reason, attempts: 0 });
    const conclusion = { settlement, code, reason, attempts: 0, durationMs: clock.nowMs() - beganAtMs };
    log.record(conclusion);
    return conclusion;
  }

  async function deliverInput(input: unknown, deadline: Deadline): Promise<Conclusion> {
    let delivery: Delivery;
    try {
      delivery = parseDelivery(input, { apiDestination, nowMs: clock.nowMs() });
    } catch (error) {
      if (error instanceof Failure) return reject(input, error);
      throw error;
    }
    return deliver(delivery, deadline);
  }

  return { deliverInput, deliver };
}

/** An event's id is its author's word: a log line holds this much of it. */
const maxLoggedIdLength = 128;

function namesOf(delivery: Delivery): Pick<Conclusion, 'apiDestination' | 'eventId' | 'rule'> {
  const id = delivery.event.value['id'];
  return {
    apiDestination: delivery.apiDestination,
    ...(typeof id === 'string' && { eventId: id.slice(0, maxLoggedIdLength) }),
    ...(delivery.rule !== undefined && { rule: delivery.rule }),
  };
}

function described(outcome: AttemptOutcome): Pick<Conclusion, 'code' | 'reason' | 'status'> {
  if (outcome.kind === 'delivered') return { status: outcome.status };
  const { code, reason, status } = outcome;
  return { code, reason, ...(status !== undefined && { status }) };
}
