import type { Delivery } from '../delivery/delivery.ts';
import type { Trace } from '../delivery/trace.ts';
import { parseInvocationTrace, parseTrace } from '../delivery/trace.ts';
import { parseEventsArn } from '../destination/arn.ts';
import { Failure } from '../failure/failure.ts';
import { messageVersion } from './format-versions.ts';
import type { JsonObject, JsonValue } from '../input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import { printedEvent } from '../input/json-text.ts';
import { MemberReader } from '../input/member-reader.ts';
import { memberText } from '../input/member-text.ts';
import type { ParseOptions } from './parse-delivery.ts';
import { parseDelivery } from './parse-delivery.ts';
import { eventDetails, eventOf, readEventDetails } from './event-details.ts';
import type { QueueMessage } from './queue-message.ts';
import { bodyText, fitted, lastmileAttribute } from './queue-message.ts';
import { escapeForSqs } from './raw-message.ts';

/** Number of receives after which SQS itself dead-letters a message: maxReceiveCount of the redrive policy. */
export const maximumReceives = 10;

/** Source: SQS API reference, DelaySeconds. */
export const longestDelaySeconds = 900;

/** A delivery that waits for the rate returns each minute. So a backlog soon profits when the rate limit is raised. */
export const longestTurnDelaySeconds = 60;

/** A delivery that waits in the queue. */
export interface QueuedDelivery {
  readonly delivery: Delivery;
  /** No attempt is made before this time, epoch ms; absent means at once. */
  readonly notBeforeMs?: number;
  /** If the delivery waits for the rate, its turn as one number (`toTurnNumber`). */
  readonly turnGeneration?: number;
  /**
   * Whether the circuit of the endpoint is open, so that the delivery gains nothing by coming back early. Not part of the
   * message.
   */
  readonly isUnhealthy?: true;
}

/**
 * How long the queue holds back a message, in whole seconds.
 *
 * @param longestSeconds the message comes after this time at the latest, even if it then has to wait again
 */
export function delaySecondsOf({ notBeforeMs = 0 }: QueuedDelivery, nowMs: number, longestSeconds: number): number {
  return Math.min(longestSeconds, Math.max(0, Math.ceil((notBeforeMs - nowMs) / 1000)));
}

/**
 * The message group of every message for an API destination: its name, which is known before the destination is read. SQS hands
 * out the messages of one group without delaying those of another. Source: SQS developer guide, fair queues.
 *
 * @param apiDestination name or ARN, as an envelope or a target has it; a name has at most 64 characters and a group 128
 */
export function messageGroupOf(apiDestination: string): string {
  return parseEventsArn(apiDestination)?.name ?? apiDestination;
}

/** The members of a delivery that a message carries in addition to the event. They are not validated. */
export type UnreadDetails = {
  readonly [Member in 'apiDestination' | 'rule' | 'target' | 'trace']: JsonValue | undefined;
};

/**
 * A delivery as a message: the event's own text is the body, and everything else is in one attribute. Our dead letters have
 * the same form, but without the times. So a dead letter that is moved back becomes a delivery again.
 *
 * @throws Failure DeliveryTooLarge when no message can hold it
 */
export function formatQueuedDelivery({ delivery, notBeforeMs, turnGeneration }: QueuedDelivery): QueueMessage {
  const { apiDestination, rule, target, attempts, postponements, firstReceivedAtMs, attemptTimes } = delivery;
  const details = {
    v: messageVersion,
    apiDestination,
    rule,
    target,
    attempts,
    postponements,
    firstReceivedAt: firstReceivedAtMs,
    firstAttemptAt: attemptTimes?.firstMs,
    lastAttemptAt: attemptTimes?.lastMs,
    notBefore: notBeforeMs,
    turn: turnGeneration,
    redrives: delivery.redrives,
    trace: delivery.trace,
    ...eventDetails(delivery),
  };
  const message = fitted({
    body: escapeForSqs(printedEvent(delivery.event)),
    attributes: { [lastmileAttribute]: escapeForSqs(JSON.stringify(details)) },
  });
  if (message !== undefined) return message;
  throw new Failure(
    'DeliveryTooLarge',
    'The delivery is larger than an SQS message of 1 MiB, even when it is compressed.',
  );
}

/**
 * Reads every kind of message in the delivery queue: our own retry, an envelope that a rule sent or that SQS moved, a dead
 * letter (in our own form, or an unchanged message with a reason), and Lambda's record of a failed invocation of deliver. A
 * dead letter and Lambda's record start again as new deliveries. The member `redrives` counts how often a dead letter has
 * started again.
 *
 * Failure policy: this worker does not judge a message of a newer version. It refuses such a message as NewerVersion before it
 * reads anything else of it, and the message is passed on unchanged.
 *
 * @param options.nowMs when the message was sent; the age of a new delivery counts from then
 * @throws Failure InvalidJson, InvalidDelivery or NewerVersion; it names the field, never its value
 */
export function parseQueueMessage(message: QueueMessage, options: ParseOptions): QueuedDelivery {
  // The version is checked before the body is read, because a newer worker may compress the body in another way.
  const details = parseDetails(message.attributes[lastmileAttribute]);
  const text = bodyText(message);
  if (details?.has('apiDestination') === true) {
    const { delivery, ...wait } = parseOwn(details, text, options);
    // A retry that went to the dead letters unchanged still has its attempts and times. They do not count any more.
    const isDeadLetter = message.attributes['ERROR_CODE'] !== undefined;
    if (isDeadLetter) return { delivery: { ...delivery, redrives: (redrivesOf(details) ?? 0) + 1 } };
    const redrives = redrivesOf(details);
    const counted = redrives === undefined ? delivery : { ...delivery, redrives };
    return { delivery: { ...counted, ...progressOf(details) }, ...wait };
  }
  const input = parsedBody(text, options);
  if (Array.isArray(input) && details === undefined) {
    throw new Failure(
      'InvalidDelivery',
      'The message holds an array of events: move it to the delivery queue unchanged.',
    );
  }
  const payload = isJsonObject(input) ? invocationPayload(input) : undefined;
  if (payload === undefined) return { delivery: parseDelivery(input, { ...options, trace: traceOf(message) }, text) };
  const trace = parseInvocationTrace(message.traceHeader);
  return { delivery: parseDelivery(payload, { ...options, trace }, memberText(text, 'requestPayload')) };
}

/**
 * The destination, rule and target in one of our messages, not validated.
 *
 * Failure policy: another worker may understand a delivery that this one cannot read, so the dead letter keeps the
 * destination.
 *
 * @returns undefined when the message does not have them
 */
export function unreadDetails({ attributes }: QueueMessage): UnreadDetails | undefined {
  const details = parseJson(attributes[lastmileAttribute] ?? 'null');
  if (!isJsonObject(details)) return undefined;
  const names = ['apiDestination', 'rule', 'target', 'trace'];
  const [apiDestination, rule, target, trace] = names.map((name) => ownMember(details, name));
  return { apiDestination, rule, target, trace };
}

/** The body of a message that is not ours. For a function with its own API destination, a text that is not JSON is an event. */
function parsedBody(text: string, { apiDestination }: ParseOptions): JsonValue {
  return apiDestination === undefined ? requireJson(text, 'The message') : (parseJson(text) ?? text);
}

function parseOwn(details: MemberReader, text: string, options: ParseOptions): QueuedDelivery {
  const value = requireJson(text, 'The event');
  const envelope: JsonObject = {
    apiDestination: details.text('apiDestination'),
    event: value,
    rule: details.member('rule') ?? null,
    target: details.member('target') ?? null,
    trace: details.member('trace') ?? null,
  };
  const delivery = parseDelivery(envelope, { nowMs: options.nowMs, apiDestination: undefined });
  const notBeforeMs = optionalTime(details, 'notBefore');
  const turnGeneration = details.optionalInteger('turn', 0, Number.MAX_SAFE_INTEGER);
  return {
    delivery: { ...delivery, ...readEventDetails(details), event: eventOf(details, value, text) },
    ...(notBeforeMs === undefined ? undefined : { notBeforeMs }),
    ...(turnGeneration === undefined ? undefined : { turnGeneration }),
  };
}

/**
 * The trace in the attributes of a message that is not ours: `traceparent` and `tracestate`, if the producer sets them, and the
 * header of X-Ray. EventBridge passes the header of PutEvents on to a queue, but never in the event. Source: EventBridge user
 * guide, AWS X-Ray. The attributes of our own messages are not read: in a function the AWS SDK sends the header of the invocation
 * with each call, and this is not the trace of the event.
 */
export function traceOf({ attributes, traceHeader }: QueueMessage): Trace | undefined {
  const { traceparent } = attributes;
  if (traceparent === undefined && traceHeader === undefined) return undefined;
  const w3c = { traceparent: traceparent ?? null, tracestate: attributes['tracestate'] ?? null };
  return parseTrace({ ...w3c, 'X-Amzn-Trace-Id': traceHeader ?? null });
}

/** Attempts and times so far. A dead letter has no first-received time, so it starts again without attempts and times. */
function progressOf(details: MemberReader): Partial<Delivery> {
  const firstReceivedAtMs = optionalTime(details, 'firstReceivedAt');
  if (firstReceivedAtMs === undefined) return {};
  const firstMs = optionalTime(details, 'firstAttemptAt');
  const lastMs = optionalTime(details, 'lastAttemptAt');
  return {
    firstReceivedAtMs,
    attempts: details.optionalInteger('attempts', 0, 1_000_000) ?? 0,
    postponements: details.optionalInteger('postponements', 0, 1_000_000_000) ?? 0,
    ...(firstMs === undefined || lastMs === undefined ? undefined : { attemptTimes: { firstMs, lastMs } }),
  };
}

/** Older workers neither read nor keep this member, so the count starts again after a delivery has gone through one of them. */
function redrivesOf(details: MemberReader): number | undefined {
  return details.optionalInteger('redrives', 0, 1_000_000_000);
}

/** The last time that a Date can hold. A later one cannot be logged or put into a template. */
const lastTimeMs = 8_640_000_000_000_000;

function optionalTime(details: MemberReader, name: string): number | undefined {
  return details.optionalInteger(name, 0, lastTimeMs);
}

function parseDetails(attribute: string | undefined): MemberReader | undefined {
  if (attribute === undefined) return undefined;
  const value = requireJson(attribute, `The attribute ${lastmileAttribute}`);
  if (!isJsonObject(value)) {
    throw new Failure('InvalidDelivery', `The attribute ${lastmileAttribute} is not an object.`);
  }
  const version = ownMember(value, 'v');
  if (typeof version === 'number' && version > messageVersion) {
    throw new Failure(
      'NewerVersion',
      `The message has version ${version}, and this worker reads up to ${messageVersion}.`,
    );
  }
  const details = new MemberReader(value, lastmileAttribute, 'InvalidDelivery');
  details.optionalInteger('v', 1, messageVersion);
  return details;
}

function requireJson(text: string, what: string): JsonValue {
  const value = parseJson(text);
  if (value === undefined) throw new Failure('InvalidJson', `${what} is not JSON.`);
  return value;
}

/** Source: Lambda developer guide, capturing records of asynchronous invocations. */
export function invocationPayload(record: JsonObject): JsonValue | undefined {
  const context = ownMember(record, 'requestContext');
  const isRecord = isJsonObject(context) && ownMember(context, 'functionArn') !== undefined;
  return isRecord ? ownMember(record, 'requestPayload') : undefined;
}
