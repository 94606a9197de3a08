import type { DeliveryTarget } from '../core/delivery/delivery.ts';
import type { Trace } from '../core/delivery/trace.ts';

/** The input of `deliver`, and the text of a message in the delivery queue. */
export interface Envelope<Event extends object = object> {
  /** Name or ARN. */
  readonly apiDestination: string;
  readonly event: Event;
  /** ARN of the rule. */
  readonly rule?: string;
  /** The settings of the rule's target, as in EventBridge's own Target. Placeholders of a template are written as `{{name}}`. */
  readonly target?: DeliveryTarget;
  readonly trace?: Trace;
}

/** Makes the envelope that a rule of a deployed stack sends: an event and the API destination that gets it. */
export function envelope<Event extends object>(
  apiDestination: string,
  event: Event,
  more: Omit<Envelope, 'apiDestination' | 'event'> = {},
): Envelope<Event> {
  return { apiDestination, event, ...more };
}
