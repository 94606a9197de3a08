import { createHash } from 'node:crypto';
import type { Delivery } from './delivery.ts';
import { ownMember } from './json.ts';
import { printedEvent } from './json-text.ts';
import { escapeForSqs } from './sqs-text.ts';

/** Event ids are UUIDs; whatever else an event calls its id is taken if it is short and safe in a header. */
const safeId = /^[\x21-\x7e]{1,128}$/;

/**
 * What tells an endpoint that a request is a repetition: the same on every retry and after a redrive, another one for
 * each target of the same event. An event without an id is told by its text as a queue would carry it.
 */
export function idempotencyKey(delivery: Delivery, apiDestinationName: string): string {
  const id = ownMember(delivery.event.value, 'id');
  const event = typeof id === 'string' && safeId.test(id) ? id : sha256(escapeForSqs(printedEvent(delivery.event)));
  return `${event}/${delivery.target.Id ?? apiDestinationName}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
