import type { DeliveryTarget } from '../core/delivery/delivery.ts';
import type { Trace } from '../core/delivery/trace.ts';
import type { SystemMetadata } from './senders.ts';

/** The input of `deliver`, and the text of a message in the delivery queue. */
export interface Envelope<Event = object> {
  /** Name or ARN. */
  readonly apiDestination: string;
  readonly event: Event;
  /** ARN of the rule. */
  readonly rule?: string;
  /** The settings of the rule's target, as in EventBridge's own Target. Placeholders of a template are written as `{{name}}`. */
  readonly target?: DeliveryTarget;
  readonly trace?: Trace;
  /** What a Custom Event Bus says about the event. */
  readonly SystemMetadata?: SystemMetadata;
  /** The id of the message from which a pipe made the envelope. */
  readonly messageId?: string;
  /** How long the sender waits for the answer of `deliver`. Default: the variable ANSWER_WITHIN_SECONDS. */
  readonly answerWithinSeconds?: number;
  /** Whether the event is bytes, as Base64. Default: false. */
  readonly isBase64Encoded?: boolean;
}

/** Makes the envelope that a rule of a deployed stack sends: an event and the API destination that gets it. A string is text. */
export function envelope<Event>(
  apiDestination: string,
  event: Event,
  more: Omit<Envelope, 'apiDestination' | 'event'> = {},
): Envelope<Event> {
  return { apiDestination, event, ...more };
}
