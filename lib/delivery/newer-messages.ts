import type { Settlement } from '../core/delivery.ts';
import type { Failure } from '../core/failure.ts';
import { fateOfNewer } from '../core/newer-message.ts';
import type { RecordMessage } from '../core/sqs-event.ts';
import type { Clock, RawMessages } from '../ports.ts';

/** Settles a message that only a newer worker can read, without an attempt. Rejects when the write that settles it fails. */
export type PassOn = (message: RecordMessage, failure: Failure) => Promise<Settlement>;

/**
 * Failure policy: rather twice than never. A message whose write fails, also after it worked, is returned, and received again
 * by whoever comes next.
 */
export function createPassOn(rawMessages: RawMessages, clock: Clock): PassOn {
  return async ({ message, raw }, failure) => {
    const nowMs = clock.nowMs();
    switch (fateOfNewer(message, nowMs)) {
      case 'send back':
        return { kind: 'deferred', notBeforeMs: nowMs + (await rawMessages.sendBack(raw)) };
      case 'bury':
        await rawMessages.bury(raw, failure);
        return { kind: 'dead-lettered' };
      case 'return':
        return { kind: 'returned', error: failure };
    }
  };
}
