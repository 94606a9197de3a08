import { Failure } from './failure.ts';
import { isJsonObject } from './json.ts';
import { MemberReader } from './member-reader.ts';
import type { QueueMessage } from './queue-message.ts';

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

/**
 * Reads the event of an SQS event source. Source: Lambda developer guide, using Lambda with Amazon SQS.
 *
 * @param nowMs stands for a time that the message does not say
 * @throws Failure InvalidDelivery that names the field: then the whole batch is received again
 */
export function parseSqsEvent(event: unknown, nowMs: number): readonly ReceivedMessage[] {
  if (!isJsonObject(event)) throw new Failure('InvalidDelivery', 'The event is not a JSON object.');
  const records = new MemberReader(event, '', 'InvalidDelivery').optionalObjectList('Records');
  if (records === undefined) throw new Failure('InvalidDelivery', 'Records is missing.');
  return records.map((record) => parseRecord(record, nowMs));
}

function parseRecord(record: MemberReader, nowMs: number): ReceivedMessage {
  const attributes = record.optionalObject('attributes');
  return {
    messageId: record.text('messageId'),
    receiptHandle: record.text('receiptHandle'),
    message: { body: record.text('body'), attributes: textAttributes(record.optionalObject('messageAttributes')) },
    receiveCount: Math.max(1, numberIn(attributes, 'ApproximateReceiveCount') ?? 1),
    sentAtMs: numberIn(attributes, 'SentTimestamp') ?? nowMs,
  };
}

/** Attributes that are no text are nobody's whom we know. */
function textAttributes(attributes: MemberReader | undefined): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const name of attributes?.names() ?? []) {
    const attribute = attributes?.member(name);
    const value = isJsonObject(attribute) ? attribute['stringValue'] : undefined;
    if (typeof value === 'string') texts[name] = value;
  }
  return texts;
}

function numberIn(attributes: MemberReader | undefined, name: string): number | undefined {
  const text = attributes?.member(name);
  return typeof text === 'string' && /^[0-9]{1,16}$/.test(text) ? Number(text) : undefined;
}
