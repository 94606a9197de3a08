import type { AttemptOutcome, Delivery, Settlement } from '../core/delivery.ts';
import { eventText } from '../core/delivery.ts';
import { Failure } from '../core/failure.ts';
import type { DeadLetterQueue } from '../ports.ts';

export type Settle = (delivery: Delivery, outcome: AttemptOutcome, attempts: number) => Promise<Settlement>;

/**
 * Decides who answers for the event from now on.
 *
 * Failure policy: rather twice than never. Only the endpoint or a queue that has said so takes an event over; when a
 * write that settles it fails, also after it worked, the invocation fails and the event is delivered again.
 */
export function createSettle(deadLetters: DeadLetterQueue): Settle {
  return async (delivery, outcome, attempts) => {
    switch (outcome.kind) {
      case 'delivered':
        return { kind: 'delivered' };
      case 'retryable':
        return { kind: 'returned', error: new Failure(outcome.code, outcome.reason) };
      case 'permanent':
        return bury(deadLetters, { ...outcome, body: eventText(delivery.event), delivery, attempts });
    }
  };
}

/** Settles with a dead letter, or not at all when no queue took it. */
export async function bury(
  deadLetters: DeadLetterQueue,
  deadLetter: Parameters<DeadLetterQueue['send']>[0],
): Promise<Settlement> {
  try {
    await deadLetters.send(deadLetter);
    return { kind: 'dead-lettered' };
  } catch (error) {
    return { kind: 'returned', error };
  }
}
