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

/** What a message of the dead letters is to a redrive. */
export type DeadLetterReading =
  | { readonly kind: 'matching'; readonly delivery: Delivery }
  | { readonly kind: 'other' }
  /** No delivery can be made of it; the reason never shows what it holds. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Reads a message of the dead letters in any of its forms and decides whether it is asked for. The delivery begins anew:
 * no attempt was made, and it is received now.
 *
 * Failure policy: what cannot be read is told of unless its time or its code says that it was not asked for; where it was
 * to go is what nobody can tell of it.
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
    return isAsked ? { kind: 'matching', delivery: anew(delivery, options.nowMs) } : { kind: 'other' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: 'unreadable', reason: `${error.code}: ${error.message}` };
  }
}

function anew({ attemptTimes: _attemptTimes, ...delivery }: Delivery, nowMs: number): Delivery {
  return { ...delivery, attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };
}

/** The code that EventBridge would give and our own; what SQS or Lambda has put there has neither. */
function errorCodesOf({ attributes }: QueueMessage): readonly unknown[] {
  return [attributes['ERROR_CODE'], ownCode(attributes[lastmileAttribute])];
}

function ownCode(attribute: string | undefined): unknown {
  const details = parseJson(attribute ?? 'null');
  return isJsonObject(details) ? ownMember(details, 'code') : undefined;
}

/** A name stands for every incarnation of that name, an ARN for its own. */
function isSame(one: string, other: string): boolean {
  const [oneArn, otherArn] = [parseEventsArn(one), parseEventsArn(other)];
  if (oneArn !== undefined && otherArn !== undefined) return one === other;
  return (oneArn?.name ?? one) === (otherArn?.name ?? other);
}
