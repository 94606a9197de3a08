import type { Trace } from '../delivery/trace.ts';
import { parseInvocationTrace } from '../delivery/trace.ts';
import type { JsonValue } from '../input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import { jsonText } from '../input/json-text.ts';
import { elementTexts, memberText } from '../input/member-text.ts';
import type { QueueMessage } from './queue-message.ts';
import { invocationPayload, traceOf } from './queued-delivery.ts';

/** One of the events that came together. It is an input of its own. */
export interface Element {
  readonly value: JsonValue;
  /** The element's own JSON text. */
  readonly text: string;
  /** The position of this element among those that are equal to it, counted from 1. */
  readonly occurrence: number;
  /** The id of the SQS message from which a pipe or Lambda made the element. */
  readonly messageId?: string;
}

/**
 * The elements of an input: of an array, or of the `Records` that Lambda makes of messages of SQS and SNS.
 *
 * @param text the input's own JSON text, if it is known; the texts of the elements are cut out of it unchanged
 * @returns undefined when the input is one event
 */
export function elementsOf(input: unknown, text?: string): readonly Element[] | undefined {
  if (Array.isArray(input)) return counted(input, text === undefined ? input.map(jsonText) : elementTexts(text));
  const records = isJsonObject(input) ? ownMember(input, 'Records') : undefined;
  if (!Array.isArray(records) || !records.every(isMessageRecord)) return undefined;
  return elementsOf(records, text === undefined ? undefined : memberText(text, 'Records'));
}

/** Other services send `Records` too, such as S3. Those are one event. */
function isMessageRecord(record: JsonValue): boolean {
  if (!isJsonObject(record)) return false;
  return ownMember(record, 'eventSource') === 'aws:sqs' || ownMember(record, 'EventSource') === 'aws:sns';
}

/** A pipe that makes envelopes of its records may put the id of the message beside the event. */
function messageIdOf(value: JsonValue): JsonValue | undefined {
  if (!isJsonObject(value)) return undefined;
  return isMessageRecord(value) || Object.hasOwn(value, 'apiDestination') ? ownMember(value, 'messageId') : undefined;
}

function counted(values: readonly JsonValue[], texts: readonly string[]): readonly Element[] {
  const occurrences = new Map<string, number>();
  return values.map((value, index) => {
    const text = texts[index] ?? jsonText(value);
    const occurrence = (occurrences.get(text) ?? 0) + 1;
    occurrences.set(text, occurrence);
    const messageId = messageIdOf(value);
    return { value, text, occurrence, ...(typeof messageId === 'string' && { messageId }) };
  });
}

/** Events that came in one message, and the trace that came with them. */
export interface MessageElements {
  readonly elements: readonly Element[];
  readonly trace: Trace | undefined;
}

/** @returns undefined when the message holds one event, or none that can be read */
export function elementsOfMessage(message: QueueMessage): MessageElements | undefined {
  const { body } = message;
  const input = parseJson(body);
  if (input === undefined) return undefined;
  const payload = isJsonObject(input) ? invocationPayload(input) : undefined;
  const isInvocation = payload !== undefined;
  const elements = isInvocation ? elementsOf(payload, memberText(body, 'requestPayload')) : elementsOf(input, body);
  if (elements === undefined) return undefined;
  return { elements, trace: isInvocation ? parseInvocationTrace(message.traceHeader) : traceOf(message) };
}
