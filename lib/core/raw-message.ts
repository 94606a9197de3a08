import { Buffer } from 'node:buffer';

/** A message attribute of any type, as Lambda hands it over. */
export interface RawAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
}

/** A message as it was received, with nothing of it read. */
export interface RawMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, RawAttribute>>;
  /** MessageGroupId; absent when the message had none. */
  readonly group?: string;
}

/** What SQS counts of it. */
export function rawMessageBytes({ body, attributes }: RawMessage): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { dataType, stringValue = '', binaryValue = '' }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(dataType) + Buffer.byteLength(stringValue);
    bytes += Buffer.byteLength(binaryValue, 'base64');
  }
  return bytes;
}
