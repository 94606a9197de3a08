import { longestEventAgeMs } from '../delivery/retry.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import type { QueueMessage } from './queue-message.ts';
import { lastmileAttribute } from './queue-message.ts';

/*
 * Versions of what outlives the worker that wrote it. A number is raised by a change that an older worker must not
 * overlook; members that it may overlook are added without.
 */

/** Of what our messages say of themselves. */
export const messageVersion = 1;

/** Of an item of the table. */
export const itemVersion = 1;

/** What an older worker does with a message that only a newer one can read. */
export type NewerMessageFate =
  /** Put back into the delivery queue as it is, at the longest delay. */
  | 'send back'
  /** Put into the dead letters as it is. */
  | 'dead-letter'
  /** Left to the queue, which shows it again and moves it to the dead letters after its last receive. */
  | 'return';

/** A time that lies further ahead than clocks differ is none. */
const clockToleranceMs = 60_000;

/**
 * In every version the attribute `LASTMILE` is a JSON object with the version `v`, and `firstReceivedAt` is when the event was
 * first received, epoch ms: that much an older worker may read.
 *
 * Failure policy: rather late than lost. A message is sent back until nobody could deliver it any more: a message that is sent
 * anew is kept anew, so without that end it would circle for as long as only older workers run. One that does not say its age
 * could circle for ever, and so is not sent back at all: the queue's own count of receives ends it.
 */
export function fateOfNewer({ attributes }: QueueMessage, nowMs: number): NewerMessageFate {
  const firstReceivedAtMs = firstReceivedAtOf(attributes[lastmileAttribute]);
  if (firstReceivedAtMs === undefined || firstReceivedAtMs > nowMs + clockToleranceMs) return 'return';
  return nowMs - firstReceivedAtMs > longestEventAgeMs ? 'dead-letter' : 'send back';
}

function firstReceivedAtOf(attribute: string | undefined): number | undefined {
  const details = parseJson(attribute ?? 'null');
  const time = isJsonObject(details) ? ownMember(details, 'firstReceivedAt') : undefined;
  return typeof time === 'number' && time >= 0 ? time : undefined;
}
