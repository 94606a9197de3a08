import { parseEventsArn } from '../destination/arn.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import type { ParseOptions } from './parse-delivery.ts';
import type { QueueMessage } from './queue-message.ts';
import { lastmileAttribute } from './queue-message.ts';
import { parseQueueMessage } from './queued-delivery.ts';
import type { RedriveRequest } from './redrive-request.ts';
import type { ReceivedMessage } from './sqs-event.ts';

/** Whether a redrive delivers a dead letter again. */
export type DeadLetterReading =
  | { readonly kind: 'matching'; readonly delivery: Delivery }
  | { readonly kind: 'other' }
  /** The message cannot be read as a delivery. The reason never shows its content. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Reads a dead letter in any of its forms and decides whether the request matches it. The delivery starts again: without
 * attempts, as if received now, and as if it had never been a dead letter, because somebody has asked for it.
 *
 * Failure policy: an unreadable message is left out only if its time or its code does not match. Otherwise it is reported. Its
 * destination is unknown, so a filter by destination does not hide it.
 */
export function readDeadLetter(
  { message, sentAtMs }: ReceivedMessage,
  request: RedriveRequest,
  options: ParseOptions,
): DeadLetterReading {
  const { afterMs = 0, beforeMs = Number.POSITIVE_INFINITY, errorCode, apiDestination } = request;
  if (sentAtMs < afterMs || sentAtMs >= beforeMs) return { kind: 'other' };
  if (errorCode !== undefined && !errorCodesOf(message).includes(errorCode)) return { kind: 'other' };
  try {
    const { delivery } = parseQueueMessage(message, options);
    const isAsked = apiDestination === undefined || isSame(delivery.apiDestination, apiDestination);
    return isAsked ? { kind: 'matching', delivery: restarted(delivery, options.nowMs) } : { kind: 'other' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: 'unreadable', reason: `${error.code}: ${error.message}` };
  }
}

function restarted(
  { attemptTimes: _attemptTimes, redrives: _redrives, ...delivery }: Delivery,
  nowMs: number,
): Delivery {
  return { ...delivery, attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };
}

/** EventBridge's error code and our own. A message that SQS or Lambda dead-lettered has neither. */
function errorCodesOf({ attributes }: QueueMessage): readonly unknown[] {
  return [attributes['ERROR_CODE'], ownCode(attributes[lastmileAttribute])];
}

function ownCode(attribute: string | undefined): unknown {
  const details = parseJson(attribute ?? 'null');
  return isJsonObject(details) ? ownMember(details, 'code') : undefined;
}

/** A name matches every incarnation of that name; an ARN matches only its own incarnation. */
function isSame(one: string, other: string): boolean {
  const [oneArn, otherArn] = [parseEventsArn(one), parseEventsArn(other)];
  if (oneArn !== undefined && otherArn !== undefined) return one === other;
  return (oneArn?.name ?? one) === (otherArn?.name ?? other);
}
