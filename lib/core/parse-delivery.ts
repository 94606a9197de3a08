import { parseEventsArn } from './arn.ts';
import type { Delivery, DeliveryTarget, EventDocument } from './delivery.ts';
import { Failure } from './failure.ts';
import type { JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';
import { MemberReader } from './member-reader.ts';
import { memberText } from './member-text.ts';
import { arnText, parseTarget } from './parse-target.ts';

export interface ParseOptions {
  /** The function's own API destination, to which bare events go; undefined when every input must say. */
  readonly apiDestination: string | undefined;
  readonly nowMs: number;
}

/** Source: shape ApiDestinationName of the EventBridge service model. */
const namePattern = /^[.\-_A-Za-z0-9]{1,64}$/;

const noTarget: DeliveryTarget = {};

/**
 * Reads what a rule target hands over: a bare event for the function's own API destination, or an envelope
 * `{apiDestination, event, rule, target}`. Unknown members are ignored; attempts and times of an envelope too, because
 * only the delivery queue counts them.
 *
 * Failure policy: where the function has a destination of its own, an envelope is refused instead of sent as an event,
 * because the author of an event must not choose where it goes.
 *
 * @param text the input's own JSON text, where it is known: the event's is cut from it untouched
 * @throws Failure InvalidDelivery that names the field, never its value
 */
export function parseDelivery(input: unknown, options: ParseOptions, text?: string): Delivery {
  if (!isJsonObject(input)) throw new Failure('InvalidDelivery', 'The input is not a JSON object.');
  const envelope = new MemberReader(input, '', 'InvalidDelivery');
  if (options.apiDestination !== undefined) {
    if (envelope.has('apiDestination')) {
      return envelope.refuse('apiDestination', 'is not accepted: this function serves one API destination');
    }
    return delivery(options.apiDestination, document(input, text), options.nowMs);
  }
  const apiDestination = parseApiDestination(envelope);
  const event = envelope.member('event');
  if (!isJsonObject(event)) {
    return envelope.refuse('event', event === undefined ? 'is missing' : 'is not an object');
  }
  const rule = envelope.optionalText('rule', arnText);
  const target = envelope.optionalObject('target');
  return {
    ...delivery(apiDestination, document(event, text && memberText(text, 'event')), options.nowMs),
    ...(rule === undefined ? undefined : { rule }),
    ...(target === undefined ? undefined : { target: parseTarget(target) }),
  };
}

function parseApiDestination(envelope: MemberReader): string {
  if (!envelope.has('apiDestination')) {
    return envelope.refuse('apiDestination', 'is missing, and this function has no API_DESTINATION for bare events');
  }
  const text = envelope.text('apiDestination');
  if (isApiDestination(text)) return text;
  return envelope.refuse('apiDestination', 'is neither the name nor the ARN of an API destination');
}

/** Whether it is the name or the ARN of an API destination. */
export function isApiDestination(text: string): boolean {
  return namePattern.test(text) || parseEventsArn(text)?.kind === 'api-destination';
}

function document(value: JsonObject, text: string | undefined): EventDocument {
  return text === undefined ? { value } : { value, text };
}

function delivery(apiDestination: string, event: EventDocument, firstReceivedAtMs: number): Delivery {
  return { apiDestination, event, target: noTarget, attempts: 0, postponements: 0, firstReceivedAtMs };
}
