import type { Delivery } from '../delivery/delivery.ts';
import type { DeliveryNames } from '../delivery/delivery-names.ts';
import { maxNameCharacters, namesOf } from '../delivery/delivery-names.ts';
import { parseEventsArn } from '../destination/arn.ts';
import type { JsonObject, JsonValue } from '../input/json.ts';
import { isJsonObject, ownMember, parseJson, withoutUndefined } from '../input/json.ts';
import type { ParseOptions } from './parse-delivery.ts';
import { isApiDestination } from './parse-delivery.ts';
import type { QueueMessage } from './queue-message.ts';
import { bodyText, lastmileAttribute, messageBytes } from './queue-message.ts';
import { unreadDetails } from './queued-delivery.ts';
import type { DeadLetterReading } from './redrive-reading.ts';
import { readDeadLetter } from './redrive-reading.ts';
import type { RedriveRequest } from './redrive-request.ts';
import type { ReceivedMessage } from './sqs-event.ts';

/** Everything about a dead letter that may be shown: not its event, and not the endpoint's answer. Unknown members are absent. */
export interface DeadLetterDescription extends DeliveryNames {
  readonly messageId: string;
  /** For a message that SQS itself has moved, the time at which it was sent to the delivery queue. */
  readonly deadLetteredAtMs: number;
  /** As SQS counts them: the body, and the names, types and values of the attributes. */
  readonly sizeBytes: number;
  /** EventBridge's code. A message that SQS or Lambda has dead-lettered has none, and neither a message. */
  readonly errorCode?: string;
  /** Our failure code. */
  readonly code?: string;
  readonly errorMessage?: string;
  /** The endpoint's last status. */
  readonly status?: number;
  readonly attempts?: number;
  /** Why the dead letter cannot be delivered again; absent when it can be. */
  readonly unreadable?: string;
}

/** Which dead letters are listed. A dead letter must match each member. */
export interface DeadLetterFilter extends Pick<RedriveRequest, 'errorCode' | 'afterMs' | 'beforeMs'> {
  readonly eventId?: string | undefined;
  /** A name. */
  readonly apiDestination?: string | undefined;
}

export interface DescribedDeadLetter {
  readonly description: DeadLetterDescription;
  /** Absent when the dead letter cannot be delivered again. */
  readonly delivery?: Delivery;
}

/**
 * Describes a dead letter of any form.
 *
 * Failure policy: a dead letter without a readable API destination matches every filter by destination, as in a redrive. One
 * without a readable event id matches no filter by event, because a person who looks for one event must not get all the others.
 *
 * @returns undefined when the dead letter does not match
 */
export function describeDeadLetter(
  received: ReceivedMessage,
  { eventId, ...filter }: DeadLetterFilter,
  options: ParseOptions,
): DescribedDeadLetter | undefined {
  const reading = readDeadLetter(received, { ...filter, dryRun: true }, options);
  if (reading.kind === 'other') return undefined;
  const names = reading.kind === 'matching' ? namesOf(reading.delivery) : unreadNames(received.message);
  const apiDestination = nameOf(names.apiDestination);
  if (eventId !== undefined && names.eventId !== eventId) return undefined;
  if (filter.apiDestination !== undefined && (apiDestination ?? filter.apiDestination) !== filter.apiDestination)
    return undefined;
  const known = { ...names, apiDestination, ...reasonsOf(received.message), ...unreadableOf(reading) };
  const description = {
    messageId: received.messageId,
    deadLetteredAtMs: received.sentAtMs,
    sizeBytes: messageBytes(received.message),
    ...withoutUndefined(known),
  };
  return reading.kind === 'matching' ? { description, delivery: reading.delivery } : { description };
}

function unreadableOf(reading: DeadLetterReading): { readonly unreadable?: string } {
  return reading.kind === 'unreadable' ? { unreadable: reading.reason } : {};
}

function nameOf(apiDestination: string | undefined): string | undefined {
  return apiDestination === undefined ? undefined : (parseEventsArn(apiDestination)?.name ?? apiDestination);
}

/** The names in a message that is not a readable delivery. They are not validated, so only short texts of their form are shown. */
function unreadNames(message: QueueMessage): DeliveryNames {
  const body = parseJson(unreadText(message));
  const input = isJsonObject(body) ? body : {};
  const own = unreadDetails(message);
  const { apiDestination, rule, target } = { ...own, ...(own === undefined ? membersOf(input) : undefined) };
  const event = own === undefined ? ownMember(input, 'event') : input;
  return {
    ...text('apiDestination', apiDestination, isApiDestination),
    ...text('eventId', isJsonObject(event) ? ownMember(event, 'id') : undefined, isId),
    ...text('rule', rule, (value) => value.startsWith('arn:')),
    ...text('targetId', isJsonObject(target) ? ownMember(target, 'Id') : undefined, isId),
  };
}

function membersOf(envelope: JsonObject): Readonly<Record<string, JsonValue | undefined>> {
  return Object.fromEntries(['apiDestination', 'rule', 'target'].map((name) => [name, ownMember(envelope, name)]));
}

/** @returns an empty text when the body cannot be read */
function unreadText(message: QueueMessage): string {
  try {
    return bodyText(message);
  } catch {
    return '';
  }
}

function isId(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value);
}

function text(
  name: keyof DeliveryNames,
  value: JsonValue | undefined,
  isValid: (value: string) => boolean,
): DeliveryNames {
  return typeof value === 'string' && value.length <= maxNameCharacters && isValid(value) ? { [name]: value } : {};
}

/** Longer than every reason of ours. Anybody with access to the queue may have sent the message. */
const maxMessageCharacters = 1024;

function reasonsOf({ attributes }: QueueMessage): Partial<DeadLetterDescription> {
  const parsed = parseJson(attributes[lastmileAttribute] ?? 'null');
  const details = isJsonObject(parsed) ? parsed : {};
  const [code, status] = [ownMember(details, 'code'), ownMember(details, 'status')];
  const attempts = attemptsOf(details, attributes['RETRY_ATTEMPTS']);
  return {
    ...(attributes['ERROR_CODE'] !== undefined && { errorCode: attributes['ERROR_CODE'].slice(0, maxNameCharacters) }),
    ...(typeof code === 'string' && { code: code.slice(0, maxNameCharacters) }),
    ...(attributes['ERROR_MESSAGE'] !== undefined && {
      errorMessage: attributes['ERROR_MESSAGE'].slice(0, maxMessageCharacters),
    }),
    ...(typeof status === 'number' && { status }),
    ...(attempts !== undefined && { attempts }),
  };
}

/**
 * RETRY_ATTEMPTS of our dead letters is 0 for one attempt and for none. Only after an attempt is there a time of the first. A retry
 * that SQS has moved has the attempts themselves.
 */
function attemptsOf(details: JsonObject, retries = ''): number | undefined {
  const attempts = ownMember(details, 'attempts');
  if (typeof attempts === 'number') return attempts;
  if (!Object.hasOwn(details, 'code') || !/^[0-9]{1,6}$/.test(retries)) return undefined;
  const isTried = Number(retries) > 0 || typeof ownMember(details, 'firstAttemptAt') === 'number';
  return isTried ? Number(retries) + 1 : 0;
}
