import { longestEventAgeMs } from '../delivery/retry.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import type { QueueMessage } from './queue-message.ts';
import { lastmileAttribute } from './queue-message.ts';

/** The ways in which an older worker handles a message that only a newer worker can read. */
export type NewerMessageFate =
  /** Put back into the delivery queue as it is, at the longest delay. */
  | 'send back'
  /** Put into the dead letters as it is. */
  | 'dead-letter'
  /** Left in the queue, which hands it out again and moves it to the dead letters after the last allowed receive. */
  | 'return';

/** Largest expected difference between clocks. A `firstReceivedAt` further in the future is not valid. */
const clockToleranceMs = 60_000;

/**
 * In every version the attribute `LASTMILE` is a JSON object with the version `v`, and its `firstReceivedAt` is the time when
 * the event was first received, epoch ms. An older worker may read these two members only.
 *
 * Failure policy: a late event is better than a lost one. A message is sent back until its event is too old for any delivery.
 * Each send starts the queue's retention again, so without this limit the message would circle as long as only older workers
 * run. A message without a valid age is not sent back, because it would circle for ever. It is left in the queue, and goes to
 * the dead letters after its last allowed receive.
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
