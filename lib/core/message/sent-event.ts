import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Delivery, EventDocument } from '../delivery/delivery.ts';
import type { JsonObject, JsonValue } from '../input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import { jsonText } from '../input/json-text.ts';
import { memberText } from '../input/member-text.ts';
import { isSafeId } from '../request/idempotency-key.ts';

/**
 * What senders put around an event: the metadata of a Custom Event Bus, a record of a queue or a stream, a notification of SNS.
 * Source: EventBridge user guide, event structure and EventBridge Pipes sources; Lambda developer guide, records of SQS and SNS.
 */

/** An event or an envelope, without what its sender has put around it. */
export interface SentEvent {
  readonly event: EventDocument;
  /** The id in the sender's record. It counts only if the event has no id of its own. */
  readonly recordId?: string | undefined;
  /** SystemMetadata of a Custom Event Bus. */
  readonly metadata?: JsonObject | undefined;
}

/** A record may hold a notification that holds an event with metadata. Nothing is unwrapped more often. */
const maxLayers = 4;

/**
 * Performance: most inputs are envelopes or events of EventBridge, which nothing surrounds. They are recognized by one member.
 *
 * @param text the input's own JSON text, if it is known
 */
export function unwrapped(input: JsonValue, text?: string): SentEvent {
  let sent: SentEvent = { event: documentOf(input, text) };
  if (isJsonObject(input) && (Object.hasOwn(input, 'apiDestination') || Object.hasOwn(input, 'detail-type')))
    return sent;
  for (let layer = 0; layer < maxLayers; layer += 1) {
    const inner = withoutOneLayer(sent);
    if (inner === undefined) return withRecordId(sent);
    sent = inner;
  }
  return sent;
}

/** A record of a DynamoDB stream is an event itself, with an id of its own name. */
function withRecordId(sent: SentEvent): SentEvent {
  const { value } = sent.event;
  if (!isJsonObject(value) || ownMember(value, 'eventSource') !== 'aws:dynamodb') return sent;
  const recordId = ownMember(value, 'eventID');
  return isSafeId(recordId) ? { recordId, ...sent } : sent;
}

function withoutOneLayer(sent: SentEvent): SentEvent | undefined {
  const { value, form } = sent.event;
  if (form !== undefined || !isJsonObject(value) || Object.hasOwn(value, 'apiDestination')) return undefined;
  if (Object.hasOwn(value, 'SystemMetadata')) return withoutMetadata(sent, value);
  const content = recordContent(value);
  if (content === undefined) return undefined;
  const { id, ...inner } = content;
  const recordId = sent.recordId ?? (isSafeId(id) ? id : undefined);
  const event = 'text' in inner ? textEvent(inner.text) : bytesEvent(inner.base64);
  return recordId === undefined ? { event } : { event, recordId };
}

/** `{Data, Metadata, SystemMetadata}`: the transformer WITH_METADATA of a subscriber. */
function withoutMetadata({ event, recordId }: SentEvent, value: JsonObject): SentEvent | undefined {
  const data = ownMember(value, 'Data');
  const metadata = ownMember(value, 'SystemMetadata');
  if (data === undefined || !isJsonObject(metadata)) return undefined;
  const text = event.text === undefined ? undefined : memberText(event.text, 'Data');
  return {
    event: documentOf(data, text, metadata),
    metadata,
    ...(recordId !== undefined && { recordId }),
  };
}

type RecordContent = { readonly id: JsonValue | undefined } & ({ readonly text: string } | { readonly base64: string });

/** The content of a record of SQS, SNS, Kinesis, Kafka or Amazon MQ. Every other object is an event itself. */
function recordContent(record: JsonObject): RecordContent | undefined {
  const text = (object: JsonObject, member: string, id: string): RecordContent | undefined => {
    const content = ownMember(object, member);
    return typeof content === 'string' ? { text: content, id: ownMember(object, id) } : undefined;
  };
  const base64 = (member: string, id: JsonValue | undefined): RecordContent | undefined => {
    const content = ownMember(record, member);
    return typeof content === 'string' && isBase64(content) ? { base64: content, id } : undefined;
  };
  switch (ownMember(record, 'eventSource') ?? ownMember(record, 'EventSource') ?? ownMember(record, 'Type')) {
    case 'aws:sqs':
      return text(record, 'body', 'messageId');
    case 'aws:sns': {
      const notification = ownMember(record, 'Sns');
      return isJsonObject(notification) ? text(notification, 'Message', 'MessageId') : undefined;
    }
    case 'Notification':
      return Object.hasOwn(record, 'TopicArn') ? text(record, 'Message', 'MessageId') : undefined;
    case 'aws:kinesis':
      return base64('data', ownMember(record, 'eventID'));
    case 'aws:kafka':
    case 'SelfManagedKafka':
      return base64('value', kafkaId(record));
    case 'aws:amazonmq':
    case 'aws:amazonmq:mq':
    case 'aws:rmq':
      return base64('data', ownMember(record, 'messageID'));
    default:
      return undefined;
  }
}

function kafkaId(record: JsonObject): string {
  const [topic, ...place] = ['topic', 'partition', 'offset'].map((name) => ownMember(record, name) ?? '');
  return [typeof topic === 'string' ? topic : '', ...place.map(jsonText)].join('-');
}

/** JSON, or a text that is an event itself. */
function textEvent(text: string): EventDocument {
  const value = parseJson(text);
  return value === undefined ? { value: text, form: 'text' } : documentOf(value, text);
}

/** JSON, text in UTF-8, or any other bytes. */
function bytesEvent(base64: string): EventDocument {
  const bytes = Buffer.from(base64, 'base64');
  try {
    return textEvent(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { value: base64, form: 'bytes' };
  }
}

/** The types of a Custom Event Bus whose data is JSON. Avro and Protobuf are JSON when they arrive. */
const jsonTypes = /^application\/(?:json|avro|protobuf|[^;]+\+json)\b/i;

/**
 * A string is text, unless the metadata say that it is JSON or the Base64 of bytes.
 *
 * @param text the event's own JSON text, if it is known
 */
export function documentOf(value: JsonValue, text: string | undefined, metadata?: JsonObject): EventDocument {
  const document = text === undefined ? { value } : { value, text };
  if (typeof value !== 'string') return document;
  const contentType = metadata === undefined ? undefined : ownMember(metadata, 'ContentType');
  if (typeof contentType !== 'string') return { value, form: 'text' };
  if (jsonTypes.test(contentType)) return document;
  const isBytes = contentType.startsWith('application/octet-stream');
  return { value, form: isBytes ? 'bytes' : 'text' };
}

export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** The members of a delivery that come from its sender, beside the event. */
export type SentFacts = Pick<Delivery, 'eventId' | 'replay' | 'senderGroup'>;

/** What the metadata of a Custom Event Bus say about a delivery. */
export function factsOf(metadata: JsonObject): SentFacts {
  const eventId = ownMember(metadata, 'aws:EventId');
  const group = ownMember(metadata, 'EventGroupId') ?? ownMember(metadata, 'aws:EventGroupId');
  const isReplay = ownMember(metadata, 'aws:DeliveryType') === 'REPLAY';
  return {
    ...(isSafeId(eventId) && { eventId }),
    ...(typeof group === 'string' && { senderGroup: isSafeId(group) ? group : hash('sha256', group) }),
    ...(isReplay && { replay: subscriberName(ownMember(metadata, 'aws:SubscriberArn')) }),
  };
}

/** The name in `arn:aws:events:<region>:<account>:subscriber/<name>/<id>`; empty when there is no such ARN. */
function subscriberName(arn: JsonValue | undefined): string {
  const [, name = ''] = /:subscriber\/([!-.0-~]{1,256})(?:\/|$)/.exec(typeof arn === 'string' ? arn : '') ?? [];
  return name;
}
