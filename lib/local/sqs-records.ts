import { partitionOf } from '../core/arn.ts';
import type { SqsMembers } from './fauxqs.ts';
import { isMembers } from './sqs-names.ts';

export interface EventSource {
  readonly account: string;
  readonly region: string;
  readonly queueName: string;
}

/** A received message as the event of a function has it. Source: Lambda developer guide, using Lambda with Amazon SQS. */
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

/** @param message as ReceiveMessage answers it, with all attributes asked for */
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
