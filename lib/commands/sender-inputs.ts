import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { jsonText } from '../core/input/json-text.ts';
import { pipesBatch, scheduledEvent, withMetadata } from '../events/index.ts';

/** The senders that `send --as` plays, with what each of them passes to deliver. */
export const senders = ['subscriber', 'pipe', 'schedule'] as const;
export type Sender = (typeof senders)[number];

/** The API destination from the command line replaces the one in an envelope. */
export function envelopeOf(event: JsonValue, apiDestination: string): JsonObject {
  const isEnvelope = isJsonObject(event) && 'apiDestination' in event && 'event' in event;
  return isEnvelope ? { ...event, apiDestination } : { apiDestination, event };
}

/** The event that a sender has if nobody gives one. */
export function ownEvent(sender: Sender): JsonObject | undefined {
  return sender === 'schedule' ? ({ ...scheduledEvent() } as JsonObject) : undefined;
}

/**
 * The input that this sender gives to `deliver`, as in the templates of infra/examples: an array of envelopes with metadata, an array of
 * messages, or one envelope.
 *
 * @param content the content of the file; a list has one event in each element
 */
export function inputOf(sender: Sender, content: JsonValue, apiDestination: string): JsonValue {
  if (sender === 'schedule') return envelopeOf(content, apiDestination);
  const events: readonly JsonValue[] = Array.isArray(content) ? content : [content];
  const envelopes = events.map((event) => envelopeOf(event, apiDestination));
  if (sender === 'pipe') return pipesBatch(envelopes.map((envelope) => jsonText(envelope))) as unknown as JsonValue;
  return envelopes.map((envelope) => ({ SystemMetadata: metadataOf(envelope['event']), ...envelope }));
}

/** The metadata that a Custom Event Bus adds to the event. It has no content type for text. */
function metadataOf(event: JsonValue | undefined): JsonObject {
  const { SystemMetadata } = withMetadata(event);
  const { ContentType, ...metadata } = SystemMetadata;
  return (typeof event === 'string' ? metadata : { ...metadata, ContentType }) as JsonObject;
}
