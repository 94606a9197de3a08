import { Buffer } from 'node:buffer';
import type { Failure } from '../failure/failure.ts';
import { failures } from '../failure/failure.ts';
import { maxMessageAttributes, maxMessageBytes } from './queue-message.ts';

/** A message attribute of any type, as Lambda hands it over. */
export interface RawAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
}

/** A message as it was received, not parsed. */
export interface RawMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, RawAttribute>>;
  /** MessageGroupId; absent when the message had none. */
  readonly group?: string;
  /** The message system attribute AWSTraceHeader; absent when the message had none. */
  readonly traceHeader?: string;
}

/** The size of the message as SQS counts it. */
export function rawMessageBytes({ body, attributes }: RawMessage): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { dataType, stringValue = '', binaryValue = '' }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(dataType) + Buffer.byteLength(stringValue);
    bytes += Buffer.byteLength(binaryValue, 'base64');
  }
  return bytes;
}

/** Largest length of a reason, as in our other dead letters. */
const maxReasonCharacters = 1024;

/**
 * Adds the reason to the message, in the attributes of a dead letter. If there is no room for the text, only the code is
 * added, or nothing at all. The message's own body and attributes do not change.
 */
export function withReason(message: RawMessage, { code, message: text }: Failure): RawMessage {
  const ERROR_CODE = attributeOf(failures[code].errorCode);
  const reason = attributeOf(escapeForSqs(`${code}: ${text}`.slice(0, maxReasonCharacters).toWellFormed()));
  const forms = [
    { ERROR_CODE, ERROR_MESSAGE: reason },
    { ERROR_CODE, ERROR_MESSAGE: attributeOf(code) },
    { ERROR_CODE },
  ];
  const candidates = forms.map((form) => ({ ...message, attributes: { ...form, ...message.attributes } }));
  return candidates.find(fits) ?? message;
}

function fits(message: RawMessage): boolean {
  return Object.keys(message.attributes).length <= maxMessageAttributes && rawMessageBytes(message) <= maxMessageBytes;
}

function attributeOf(stringValue: string): RawAttribute {
  return { dataType: 'String', stringValue };
}

/** The characters that SQS refuses in bodies and in attribute values. Source: SQS API reference, SendMessage. */
const refusedCharacters = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/**
 * The same JSON, with `\uXXXX` for each character that SQS refuses. Such a character is always in a string, where both forms
 * mean the same. A text without such characters stays the same, byte for byte.
 */
export function escapeForSqs(json: string): string {
  return json.replace(refusedCharacters, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
