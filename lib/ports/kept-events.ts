/**
 * The texts of events that rules have sent, so that a delivery can be sent again after it has ended. lib/ports/delivery.ts explains
 * what absent and unavailable mean.
 *
 * A location is a text such as `events/2026-11-28/8d1c…e7#3`. The log line of a delivery and its history name it. A location stays
 * valid for a limited time only, and other deployments of the stack do not know it.
 */
import type { Delivery } from '../core/delivery/delivery.ts';

/** The writing side, which workers use. */
export interface EventKeeper {
  /**
   * Keeps the deliveries of one invocation as one object. When it resolves, `KeptEvents.read` finds each of them.
   *
   * @param deliveries at least one
   * @param signal aborts the write; it is then unknown whether the object exists
   * @returns the location of each delivery, in the same order
   */
  keep(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly string[]>;
}

/** The reading side, which the control API uses. */
export interface KeptEvents {
  /**
   * The delivery at a location, with the event's own text, its rule, target, API destination and trace. It is a new delivery:
   * it has made no attempts, and its age counts from now.
   *
   * @returns undefined when the text is not a location, or when nothing is there any more
   * @throws Failure InvalidJson or InvalidDelivery when the kept text is damaged
   */
  read(location: string): Promise<Delivery | undefined>;
}
