import { hash } from 'node:crypto';
import type { Delivery } from '../delivery/delivery.ts';
import type { Order } from '../destination/delivery-policy.ts';
import { exactEvent } from '../input/exact-json.ts';
import { jsonText } from '../input/json-text.ts';
import { messageGroupOf } from '../message/queued-delivery.ts';
import { idempotencyKey } from '../request/idempotency-key.ts';
import { readJsonPath, requireJsonPath } from '../request/json-path.ts';

/** The order that the target of an event or a delivery policy asks for. */
export interface OrderRequest {
  readonly order: Order;
  /** JSON path of the value whose events are one group. */
  readonly groupPath?: string | undefined;
}

/**
 * The message group of an event in the ordered queue. Events with the same group are sent one after another.
 *
 * With a path, the events in which it finds the same value are one group, and so are the events in which it finds nothing. Without
 * a path, the sender's own groups count. Events of a sender without groups are one group for each API destination, because this
 * keeps every order that the sender can have meant.
 *
 * The group is a hash, so that no part of an event is in the name of a group, which AWS shows and logs. An event that came back
 * from the dead letters returns to the group that it had.
 *
 * @throws Failure InvalidInvocation when the path is malformed
 */
export function orderedGroupOf(delivery: Delivery, { groupPath }: Pick<OrderRequest, 'groupPath'>): string {
  if (delivery.orderedGroup !== undefined) return delivery.orderedGroup;
  const group = groupPath === undefined ? delivery.senderGroup : groupAt(groupPath, delivery);
  return hash('sha256', JSON.stringify([messageGroupOf(delivery.apiDestination), group ?? null]));
}

function groupAt(groupPath: string, { event }: Delivery): string | undefined {
  if (event.form !== undefined) return undefined;
  const value = readJsonPath(requireJsonPath(groupPath, 'OrderGroupPath'), exactEvent(event));
  return typeof value === 'string' || value === undefined ? value : jsonText(value);
}

/** The invocation or message that brought an event to a worker, and the event's position in it. */
export interface Arrival {
  /** Id of the invocation or of the message. */
  readonly id: string;
  /** Counted from 0. */
  readonly position: number;
}

/**
 * The id by which the ordered queue recognizes a message that was sent twice. It is the same when a call is repeated because its
 * answer was lost, and when the same message is received again. A redrive or a replay brings the event in another message, and gets
 * another id. Otherwise the queue would ignore an event that was sent again on purpose.
 */
export function deduplicationIdOf(delivery: Delivery, { id, position }: Arrival): string {
  return hash(
    'sha256',
    JSON.stringify([idempotencyKey(delivery, messageGroupOf(delivery.apiDestination)), id, position]),
  );
}
