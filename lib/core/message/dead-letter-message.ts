import type { Delivery } from '../delivery/delivery.ts';
import type { FailureCode } from '../failure/failure.ts';
import { Failure, failures } from '../failure/failure.ts';
import { eventDetails } from './event-details.ts';
import { messageVersion } from './format-versions.ts';
import type { JsonObject } from '../input/json.ts';
import { jsonText } from '../input/json-text.ts';
import type { QueueMessage } from './queue-message.ts';
import { fitted, lastmileAttribute, maxMessageBytes, messageBytes } from './queue-message.ts';
import type { UnreadDetails } from './queued-delivery.ts';
import type { ExhaustedRetryCondition } from '../delivery/retry.ts';
import { escapeForSqs } from './raw-message.ts';

/** A delivery that failed for good, with the reason for it. */
export interface DeadLetter {
  /** The original event's JSON text, or the unchanged input when it was not a delivery. */
  readonly body: string;
  /** Absent when the input was not a delivery. */
  readonly delivery?: Delivery;
  /** Destination, rule, target and trace of a message whose delivery could not be read. */
  readonly unread?: UnreadDetails;
  /** ARN of the API destination, if it is known. */
  readonly targetArn?: string;
  readonly code: FailureCode;
  readonly reason: string;
  readonly status?: number;
  /** The body of the endpoint's answer, shortened. */
  readonly answer?: string;
  /** The retry condition that ended the delivery; absent when something else ended it. */
  readonly condition?: ExhaustedRetryCondition;
}

/** Long enough for every reason, because the names in a reason are bounded. */
const maxReasonCharacters = 1024;

/**
 * A dead letter in EventBridge's form: the original event is the body, and the reason is in String attributes. The additional
 * attribute `LASTMILE` has what a redrive needs to deliver it again. Source: EventBridge user guide, dead-letter queues.
 *
 * Failure policy: the event is more important than the endpoint's answer. A dead letter that does not fit loses the answer
 * first, and then its body is compressed. If it is still too large, it is refused, and its sender keeps the event.
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
  const { apiDestination, rule, target, trace } = delivery ?? unread ?? {};
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
    redrives: delivery?.redrives,
    trace,
    ...(delivery && eventDetails(delivery)),
  }).filter(([, value]) => value !== undefined);
  // The target of a message that could not be read may be nested too deeply for JSON.stringify.
  return escapeForSqs(jsonText(Object.fromEntries(members) as JsonObject));
}

/** SQS refuses an empty value, so unknown values are left out. */
function known(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') attributes[name] = escapeForSqs(value);
  }
  return attributes;
}
