import type { Delivery, EventDocument } from '../delivery/delivery.ts';
import type { JsonValue } from '../input/json.ts';
import type { MemberReader, TextBounds } from '../input/member-reader.ts';
import { isSafeId } from '../request/idempotency-key.ts';

/**
 * What our messages, dead letters and kept events say about an event beside its text: the form of one that is not JSON, and what
 * its sender said about it. All members are absent for most events.
 */
export type EventDetails = {
  readonly [Member in 'form' | 'eventId' | 'replay' | 'senderGroup' | 'orderedGroup']: string | undefined;
};

export function eventDetails({ event, eventId, replay, senderGroup, orderedGroup }: Delivery): EventDetails {
  return { form: event.form, eventId, replay, senderGroup, orderedGroup };
}

/** Source: SQS API reference, MessageGroupId. */
const groupText: TextBounds = { pattern: /^[\x21-\x7e]{1,128}$/ };

export function readEventDetails(
  details: MemberReader,
): Pick<Delivery, 'eventId' | 'replay' | 'senderGroup' | 'orderedGroup'> {
  const eventId = details.optionalText('eventId');
  const replay = details.optionalText('replay', { pattern: /^[\x21-\x7e]{0,256}$/ });
  const senderGroup = details.optionalText('senderGroup', groupText);
  const orderedGroup = details.optionalText('orderedGroup', groupText);
  return {
    ...(isSafeId(eventId) && { eventId }),
    ...(replay !== undefined && { replay }),
    ...(senderGroup !== undefined && { senderGroup }),
    ...(orderedGroup !== undefined && { orderedGroup }),
  };
}

/** @param text the JSON text of the event, as the message has it */
export function eventOf(details: MemberReader, value: JsonValue, text: string): EventDocument {
  const form = details.optionalText('form', { pattern: /^(?:text|bytes)$/ });
  if (form === undefined) return { value, text };
  if (typeof value !== 'string') return details.refuse('The event', 'is not a string, but text or bytes');
  return { value, form: form === 'text' ? 'text' : 'bytes' };
}
