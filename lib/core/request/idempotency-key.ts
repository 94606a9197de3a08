import { createHash } from 'node:crypto';
import type { Delivery } from '../delivery/delivery.ts';
import { printedEvent } from '../input/json-text.ts';
import { ownMember } from '../input/json.ts';
import { escapeForSqs } from '../message/raw-message.ts';

/** EventBridge's ids are UUIDs. Any other id is used if it is short and valid in a header. */
const safeId = /^[\x21-\x7e]{1,128}$/;

/**
 * The key by which an endpoint recognizes a repeated request. It is the same for every retry and after a redrive, and differs
 * for each target of the same event. For an event without an id it is a hash of the text that a queue would carry.
 */
export function idempotencyKey(delivery: Delivery, apiDestinationName: string): string {
  const id = ownMember(delivery.event.value, 'id');
  const event = typeof id === 'string' && safeId.test(id) ? id : sha256(escapeForSqs(printedEvent(delivery.event)));
  return `${event}/${delivery.target.Id ?? apiDestinationName}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
