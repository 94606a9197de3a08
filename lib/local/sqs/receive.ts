import { createHash } from 'node:crypto';
import { partitionOf } from '../../core/destination/arn.ts';
import type { SqsMembers } from './fauxqs.ts';
import { isMembers } from './names.ts';
import { showTraceHeader } from './trace-header.ts';

/** Keeps only the requested message attributes of received messages, and computes the digest of exactly these attributes. */
export function withAskedAttributes(output: SqsMembers, input: SqsMembers): SqsMembers {
  if (!Array.isArray(output['Messages'])) return output;
  const asked = Array.isArray(input['MessageAttributeNames']) ? input['MessageAttributeNames'] : [];
  return {
    ...output,
    Messages: output['Messages'].map((message: SqsMembers) => withAttributes(showTraceHeader(message, input), asked)),
  };
}

function withAttributes(message: SqsMembers, asked: readonly unknown[]): SqsMembers {
  const { MessageAttributes: all, MD5OfMessageAttributes: _digest, ...rest } = message;
  if (!isMembers(all)) return rest;
  const wanted = Object.entries(all).filter(([name]) => asked.some((pattern) => matches(String(pattern), name)));
  if (wanted.length === 0) return rest;
  const attributes = Object.fromEntries(wanted) as Record<string, SqsMembers>;
  return { ...rest, MessageAttributes: attributes, MD5OfMessageAttributes: digestOf(attributes) };
}

function matches(pattern: string, name: string): boolean {
  if (pattern === 'All' || pattern === '.*') return true;
  return pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** Source: the SQS developer guide, calculating the MD5 message digest for message attributes. */
export function digestOf(attributes: Readonly<Record<string, SqsMembers>>): string {
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).toSorted()) {
    const attribute = attributes[name] ?? {};
    const type = String(attribute['DataType']);
    const binary = type.startsWith('Binary');
    add(Buffer.from(name));
    add(Buffer.from(type));
    hash.update(Buffer.from([binary ? 2 : 1]));
    add(
      binary ? Buffer.from(String(attribute['BinaryValue']), 'base64') : Buffer.from(String(attribute['StringValue'])),
    );
  }
  return hash.digest('hex');
}

export interface EventSource {
  readonly account: string;
  readonly region: string;
  readonly queueName: string;
}

/** A received message in a function's event. Source: Lambda developer guide, using Lambda with Amazon SQS. */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: SqsMembers;
  readonly messageAttributes: Readonly<Record<string, SqsRecordAttribute>>;
  readonly md5OfBody: string;
  readonly md5OfMessageAttributes?: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

interface SqsRecordAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
  readonly stringListValues: readonly string[];
  readonly binaryListValues: readonly string[];
}

/** @param message an answer of ReceiveMessage with all attributes requested */
export function sqsRecord(message: SqsMembers, { account, region, queueName }: EventSource): SqsRecord {
  const digest = message['MD5OfMessageAttributes'];
  return {
    messageId: String(message['MessageId']),
    receiptHandle: String(message['ReceiptHandle']),
    body: String(message['Body']),
    attributes: membersOf(message['Attributes']),
    messageAttributes: recordAttributes(membersOf(message['MessageAttributes'])),
    md5OfBody: String(message['MD5OfBody']),
    ...(typeof digest === 'string' && { md5OfMessageAttributes: digest }),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:${partitionOf(region)}:sqs:${region}:${account}:${queueName}`,
    awsRegion: region,
  };
}

function recordAttributes(attributes: SqsMembers): Record<string, SqsRecordAttribute> {
  const records: Record<string, SqsRecordAttribute> = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    const { DataType, StringValue, BinaryValue } = membersOf(attribute);
    records[name] = {
      dataType: String(DataType),
      ...(typeof StringValue === 'string' && { stringValue: StringValue }),
      ...(typeof BinaryValue === 'string' && { binaryValue: BinaryValue }),
      stringListValues: [],
      binaryListValues: [],
    };
  }
  return records;
}

function membersOf(value: unknown): SqsMembers {
  return isMembers(value) ? value : {};
}
