import { describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { maxMessageBytes } from '../../../../lib/core/message/queue-message.ts';
import { type RawMessage, rawMessageBytes, withReason } from '../../../../lib/core/message/raw-message.ts';

describe('the reason beside a message', () => {
  const failure = new Failure('NewerVersion', 'It is newer.');
  const attribute = { dataType: 'String', stringValue: 'x' };
  const names = (count: number) => Array.from({ length: count }, (_, index) => [`a${index}`, attribute] as const);
  const messageWith = (count: number, body = 'b'): RawMessage => ({
    body,
    attributes: Object.fromEntries(names(count)),
  });

  const ownNames = (message: RawMessage) => {
    const told = withReason(message, failure).attributes;
    return [told['ERROR_CODE']?.stringValue, told['ERROR_MESSAGE']?.stringValue];
  };

  test('a dead-lettered message of a newer version gets code and reason if two attributes are free, and only the code if one is', () => {
    expect(ownNames(messageWith(8))).toEqual(['INTERNAL_ERROR', 'NewerVersion: It is newer.']);
    expect(ownNames(messageWith(9))).toEqual(['INTERNAL_ERROR', undefined]);
    const full = messageWith(10);
    expect(withReason(full, failure)).toBe(full);
  });

  test('the reason of a dead-lettered message of a newer version is cut or left out only when the message would be too large', () => {
    const whole = rawMessageBytes(withReason(messageWith(0), failure)) - 1;
    const long = ': It is newer.'.length;
    const short = whole - long;
    const code = short - 'ERROR_MESSAGEStringNewerVersion'.length;
    const leaving = (bytes: number) => messageWith(0, 'b'.repeat(maxMessageBytes - bytes));
    expect(ownNames(leaving(whole))).toEqual(['INTERNAL_ERROR', 'NewerVersion: It is newer.']);
    expect(ownNames(leaving(whole - 1))).toEqual(['INTERNAL_ERROR', 'NewerVersion']);
    expect(ownNames(leaving(short))).toEqual(['INTERNAL_ERROR', 'NewerVersion']);
    expect(ownNames(leaving(short - 1))).toEqual(['INTERNAL_ERROR', undefined]);
    expect(ownNames(leaving(code))).toEqual(['INTERNAL_ERROR', undefined]);
    expect(ownNames(leaving(code - 1))).toEqual([undefined, undefined]);
  });

  test('the reason of a dead-lettered message of a newer version has no character that SQS refuses', () => {
    const told = withReason(messageWith(0), new Failure('NewerVersion', 'a\u0000b\ud800'));
    expect(told.attributes['ERROR_MESSAGE']?.stringValue).toBe('NewerVersion: a\\u0000b\ufffd');
  });

  test('the reason of a dead-lettered message of a newer version does not replace an attribute of the message', () => {
    const message = { body: 'b', attributes: { ERROR_CODE: attribute } };
    expect(withReason(message, failure).attributes).toMatchObject({
      ERROR_CODE: attribute,
      ERROR_MESSAGE: { stringValue: 'NewerVersion: It is newer.' },
    });
  });

  test('the size of a raw message counts the bytes of a binary value, not of its base64', () => {
    const binaryValue = Buffer.alloc(300).toString('base64');
    expect(rawMessageBytes({ body: '', attributes: { a: { dataType: 'Binary', binaryValue } } })).toBe(307);
  });
});
