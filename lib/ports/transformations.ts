import type { EventDocument } from '../core/delivery/delivery.ts';
import type { JsonObject } from '../core/input/json.ts';

/** An expression and the event that it is applied to. */
export interface Transformation {
  /** The incarnation of the API destination. Destinations take turns, so that none holds up the others. */
  readonly destination: string;
  /** JSONata, without the delimiters `{%` and `%}`. */
  readonly expression: string;
  /** The event's JSON text. */
  readonly eventText: string;
  /** SystemMetadata, as far as they are known. */
  readonly metadata: JsonObject;
}

/**
 * Compiles a JSONata expression that is about to be stored.
 *
 * @returns a sentence that says why the expression can never be evaluated; undefined when it can be compiled
 */
export type CheckExpression = (expression: string) => Promise<string | undefined>;

/** Evaluates expressions without holding up the deliveries of this worker. */
export interface Transformations {
  /**
   * @returns the result; a string is text
   * @param signal aborts when the invocation is about to end
   * @throws Failure InvalidInvocation, which shows nothing of the event, when the expression fails or exceeds a limit; OutOfTime when
   * the signal aborts first
   */
  apply(transformation: Transformation, signal: AbortSignal): Promise<EventDocument>;
}
