import { Failure } from '../failure/failure.ts';
import type { JsonObject } from '../input/json.ts';
import { isJsonObject, ownMember } from '../input/json.ts';
import { MemberReader } from '../input/member-reader.ts';
import type { QueueMessage } from './queue-message.ts';
import type { RawAttribute, RawMessage } from './raw-message.ts';

/**
 * The most messages that one invocation gets from the delivery queue. They reserve their slots together. `serverless.yml`
 * gives Lambda the same number. Source: SQS, at most ten messages in one receive.
 */
export const batchSize = 10;

/** A message of a queue as Lambda hands it over. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly message: QueueMessage;
  /** Counted from 1. */
  readonly receiveCount: number;
  /** Epoch ms. */
  readonly sentAtMs: number;
}

/** A message of an event source. The raw message is kept, because it may have to be passed on unchanged. */
export interface RecordMessage extends ReceivedMessage {
  readonly raw: RawMessage;
}

/**
 * Reads the event of an SQS event source. Source: Lambda developer guide, using Lambda with Amazon SQS.
 *
 * @param nowMs used when a message has no sent time
 * @throws Failure InvalidDelivery, which names the field; the whole batch is then received again
 */
export function parseSqsEvent(event: unknown, nowMs: number): readonly RecordMessage[] {
  if (!isJsonObject(event)) throw new Failure('InvalidDelivery', 'The event is not a JSON object.');
  const records = new MemberReader(event, '', 'InvalidDelivery').optionalObjectList('Records');
  if (records === undefined) throw new Failure('InvalidDelivery', 'Records is missing.');
  return records.map((record) => parseRecord(record, nowMs));
}

/** Whether the messages of an event come from a FIFO queue. All messages of an event come from one queue. */
export function comesFromFifoQueue(event: unknown): boolean {
  const records = isJsonObject(event) ? ownMember(event, 'Records') : undefined;
  const first = Array.isArray(records) ? records[0] : undefined;
  const arn = isJsonObject(first) ? ownMember(first, 'eventSourceARN') : undefined;
  return typeof arn === 'string' && arn.endsWith('.fifo');
}

function parseRecord(record: MemberReader, nowMs: number): RecordMessage {
  const attributes = record.optionalObject('attributes');
  const raw = parseRaw(record, attributes);
  return {
    messageId: record.text('messageId'),
    receiptHandle: record.text('receiptHandle'),
    message: {
      body: raw.body,
      attributes: textAttributes(raw.attributes),
      ...(raw.traceHeader !== undefined && { traceHeader: raw.traceHeader }),
    },
    raw,
    receiveCount: Math.max(1, numberIn(attributes, 'ApproximateReceiveCount') ?? 1),
    sentAtMs: numberIn(attributes, 'SentTimestamp') ?? nowMs,
  };
}

function parseRaw(record: MemberReader, system: MemberReader | undefined): RawMessage {
  const group = system?.member('MessageGroupId');
  const traceHeader = system?.member('AWSTraceHeader');
  const given = record.optionalObject('messageAttributes');
  const attributes: Record<string, RawAttribute> = Object.create(null);
  for (const name of given?.names() ?? []) {
    const attribute = given?.member(name);
    const parsed = isJsonObject(attribute) ? parseAttribute(attribute) : undefined;
    if (parsed !== undefined) attributes[name] = parsed;
  }
  return {
    body: record.text('body'),
    attributes,
    ...(typeof group === 'string' && { group }),
    ...(typeof traceHeader === 'string' && { traceHeader }),
  };
}

function parseAttribute({ dataType = 'String', stringValue, binaryValue }: JsonObject): RawAttribute | undefined {
  if (typeof dataType !== 'string') return undefined;
  if (typeof stringValue === 'string') return { dataType, stringValue };
  return typeof binaryValue === 'string' ? { dataType, binaryValue } : undefined;
}

/** None of our attributes is binary, so only text attributes are kept. */
function textAttributes(attributes: RawMessage['attributes']): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, { stringValue }] of Object.entries(attributes)) {
    if (stringValue !== undefined) texts[name] = stringValue;
  }
  return texts;
}

/** Accepts at most 15 digits, because a Date can hold every such number of milliseconds. */
function numberIn(attributes: MemberReader | undefined, name: string): number | undefined {
  const text = attributes?.member(name);
  return typeof text === 'string' && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
