import type { Delivery } from '../delivery/delivery.ts';
import type { FailureCode } from '../failure/failure.ts';
import { Failure, failures } from '../failure/failure.ts';
import { messageVersion } from './newer-version.ts';
import type { JsonObject } from '../input/json.ts';
import { jsonText } from '../input/json-text.ts';
import type { QueueMessage } from './queue-message.ts';
import { fitted, lastmileAttribute, maxMessageBytes, messageBytes } from './queue-message.ts';
import type { UnreadDetails } from './queued-delivery.ts';
import type { ExhaustedRetryCondition } from '../delivery/retry.ts';
import { escapeForSqs } from './raw-message.ts';

/** A delivery that failed for good, with the reason that lets a person act. */
export interface DeadLetter {
  /** The original event's JSON text, or the input as it came when it was no delivery. */
  readonly body: string;
  /** Absent when the input was no delivery. */
  readonly delivery?: Delivery;
  /** What a message said of the delivery that nobody could read. */
  readonly unread?: UnreadDetails;
  /** ARN of the API destination, where it is known. */
  readonly targetArn?: string;
  readonly code: FailureCode;
  readonly reason: string;
  readonly status?: number;
  /** The endpoint's own words, capped. */
  readonly answer?: string;
  /** Absent when no retry condition ended it. */
  readonly condition?: ExhaustedRetryCondition;
}

/** Enough for every reason of ours; what a reason quotes of a name is bounded already. */
const maxReasonCharacters = 1024;

/**
 * A dead letter in the form of EventBridge's, the original event as body and the reason in String attributes, and ours,
 * `LASTMILE`, which lets it be delivered again. Source: EventBridge user guide, dead-letter queues.
 *
 * Failure policy: the event comes first. When all of it does not fit, the endpoint's answer goes, then the body is
 * compressed; what is too large even so is refused, and its sender keeps it.
 *
 * @throws Failure DeliveryTooLarge
 */
export function formatDeadLetter(deadLetter: DeadLetter): QueueMessage {
  const { delivery, code, reason, condition } = deadLetter;
  const body = escapeForSqs(deadLetter.body);
  const attributes = known({
    RULE_ARN: delivery?.rule,
    TARGET_ARN: delivery?.target.Arn ?? deadLetter.targetArn ?? delivery?.apiDestination,
    ERROR_CODE: failures[code].errorCode,
    ERROR_MESSAGE: `${code}: ${reason}`.slice(0, maxReasonCharacters),
    EXHAUSTED_RETRY_CONDITION: condition,
    RETRY_ATTEMPTS: String(Math.max(0, (delivery?.attempts ?? 0) - 1)),
  });
  const whole = { body, attributes: { ...attributes, [lastmileAttribute]: details(deadLetter) } };
  if (messageBytes(whole) <= maxMessageBytes) return whole;
  const { answer: _answer, ...silent } = deadLetter;
  const message = fitted({ body, attributes: { ...attributes, [lastmileAttribute]: details(silent) } });
  if (message !== undefined) return message;
  throw new Failure(
    'DeliveryTooLarge',
    'The dead letter is larger than an SQS message of 1 MiB, even when it is compressed.',
  );
}

function details({ delivery, unread, code, status, answer }: DeadLetter): string {
  const { apiDestination, rule, target } = delivery ?? unread ?? {};
  const members = Object.entries({
    v: messageVersion,
    apiDestination,
    rule,
    target,
    code,
    status,
    answer,
    firstAttemptAt: delivery?.attemptTimes?.firstMs,
    lastAttemptAt: delivery?.attemptTimes?.lastMs,
  }).filter(([, value]) => value !== undefined);
  // What nobody could read may be nested deeper than JSON.stringify goes.
  return escapeForSqs(jsonText(Object.fromEntries(members) as JsonObject));
}

/** SQS refuses an empty value: what is not known is left out. */
function known(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') attributes[name] = escapeForSqs(value);
  }
  return attributes;
}
