import type { Settlement } from '../core/delivery/delivery.ts';
import type { Failure } from '../core/failure/failure.ts';
import { fateOfNewer } from '../core/message/newer-version.ts';
import type { RecordMessage } from '../core/message/sqs-event.ts';
import type { Clock } from '../ports/clock.ts';
import type { RawMessages } from '../ports/delivery.ts';

/** Settles, without an attempt, a message that only a newer version can read. Rejects when the write to the queue fails. */
type SettleNewer = (message: RecordMessage, failure: Failure) => Promise<Settlement>;

/**
 * Failure policy: delivering twice is better than never. When the write fails, even if it took effect, the message is
 * returned, and the next worker receives it again.
 */
export function createNewerSettler(rawMessages: RawMessages, clock: Clock): SettleNewer {
  return async ({ message, raw }, failure) => {
    const nowMs = clock.nowMs();
    switch (fateOfNewer(message, nowMs)) {
      case 'send back':
        return { kind: 'deferred', notBeforeMs: nowMs + (await rawMessages.sendBack(raw)) };
      case 'dead-letter':
        await rawMessages.sendToDeadLetters(raw, failure);
        return { kind: 'dead-lettered' };
      case 'return':
        return { kind: 'returned', error: failure };
    }
  };
}
