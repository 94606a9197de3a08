import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Failure } from '../failure/failure.ts';

/** A message as SQS carries it; the attributes are of type String. */
export interface QueueMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * The message system attribute AWSTraceHeader: the X-Ray header with which the message was sent. It does not count towards the
   * size. Source: AWS X-Ray developer guide, Amazon SQS.
   */
  readonly traceHeader?: string;
}

/** The attribute of our own messages: JSON with the version `v` and everything except the event. */
export const lastmileAttribute = 'LASTMILE';
/** Present, with the value `gzip`, when the body is compressed. The body is then the base64 text of the compressed bytes. */
const bodyAttribute = 'LASTMILE_BODY';

/** The beginning of an array, of `Records`, and of Lambda's record of a failed invocation. */
const severalEvents = /^\s*(?:\[|\{\s*"Records"\s*:|\{\s*"version"\s*:\s*"1\.0")/;

/**
 * Whether a message may hold several events. Our own messages hold one. Performance: only the beginning of the body is looked at,
 * because most messages hold one event.
 */
export function mayHoldSeveral({ body, attributes }: QueueMessage): boolean {
  return severalEvents.test(body) && attributes[lastmileAttribute] === undefined;
}

/** Source: SQS quotas; the body and the names, types and values of all attributes count. */
export const maxMessageBytes = 1_048_576;
/** Source: SQS quotas. */
export const maxMessageAttributes = 10;

/** Largest uncompressed body: far more than an event of EventBridge, and far less than a worker's memory. */
const maxBodyBytes = 8 * 1024 * 1024;

const attributeType = 'String';

export function messageBytes({ body, attributes }: QueueMessage): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, value] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + attributeType.length + Buffer.byteLength(value);
  }
  return bytes;
}

/**
 * The unchanged message if it fits, or else the message with a compressed body. Undefined when it does not fit even then, or
 * when its body would be too large to read back.
 */
export function fitted(message: QueueMessage): QueueMessage | undefined {
  if (messageBytes(message) <= maxMessageBytes) return message;
  if (Buffer.byteLength(message.body) > maxBodyBytes) return undefined;
  const compressed = {
    ...message,
    body: gzipSync(message.body).toString('base64'),
    attributes: { ...message.attributes, [bodyAttribute]: 'gzip' },
  };
  return messageBytes(compressed) <= maxMessageBytes ? compressed : undefined;
}

/** @throws Failure InvalidDelivery when the body is compressed and cannot be read */
export function bodyText({ body, attributes }: QueueMessage): string {
  const encoding = attributes[bodyAttribute];
  if (encoding === undefined) return body;
  if (encoding !== 'gzip') throw new Failure('InvalidDelivery', `The attribute ${bodyAttribute} is not gzip.`);
  try {
    return gunzipSync(Buffer.from(body, 'base64'), { maxOutputLength: maxBodyBytes }).toString('utf8');
  } catch (error) {
    throw new Failure('InvalidDelivery', 'The compressed body cannot be read.', { cause: error });
  }
}
