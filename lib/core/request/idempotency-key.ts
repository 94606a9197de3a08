import { createHash } from 'node:crypto';
import type { Delivery, EventDocument } from '../delivery/delivery.ts';
import { printedEvent } from '../input/json-text.ts';
import { isJsonObject, ownMember } from '../input/json.ts';
import { escapeForSqs } from '../message/raw-message.ts';

export const idempotencyName = 'Idempotency-Key';

/** EventBridge's ids are UUIDs. Any other id is used if it is short and valid in a header. */
const safeId = /^[\x21-\x7e]{1,128}$/;

/** Whether the text can be part of a key. */
export function isSafeId(text: unknown): text is string {
  return typeof text === 'string' && safeId.test(text);
}

/**
 * The key by which an endpoint recognizes a repeated request. It is the same for every retry and after a redrive, and differs
 * for each target of the same event. For an event without an id it is a hash of the text that a queue would carry.
 *
 * A replayed event has a key of its own. Otherwise an endpoint that deduplicates would ignore an event that was replayed on purpose.
 */
export function idempotencyKey(delivery: Delivery, apiDestinationName: string): string {
  const event = delivery.eventId ?? ownId(delivery.event) ?? hashOf(delivery.event);
  const key = `${event}/${delivery.target.Id ?? apiDestinationName}`;
  if (delivery.replay === undefined) return key;
  return delivery.replay === '' ? `${key}/replay` : `${key}/replay/${delivery.replay}`;
}

/** The id in the event; undefined when it has none that can be part of a key. */
export function ownId({ value }: EventDocument): string | undefined {
  const id = isJsonObject(value) ? ownMember(value, 'id') : undefined;
  return isSafeId(id) ? id : undefined;
}

/** Stands for the id of an event that has none. */
export function hashOf(event: EventDocument): string {
  return createHash('sha256')
    .update(escapeForSqs(printedEvent(event)))
    .digest('hex');
}
