import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { QueueMessage } from '../../../../lib/core/message/queue-message.ts';
import { bodyText, fitted, maxMessageBytes, messageBytes } from '../../../../lib/core/message/queue-message.ts';
import { failureOf } from '../failure/failing.ts';

const limit = 1_048_576;

/** Text that hardly compresses and is the same in every run: the hexadecimal digits of hashes. */
function hardToCompress(length: number, encoding: 'base64' | 'hex' = 'base64'): string {
  let text = '';
  for (let index = 0; text.length < length; index += 1) {
    text += createHash('sha512').update(String(index)).digest(encoding).replaceAll('=', '');
  }
  return text.slice(0, length);
}

const bare = (body: string): QueueMessage => ({ body, attributes: {} });

describe('the size of a message', () => {
  test('the size of a message counts the bytes of its body in UTF-8, not the characters', () => {
    expect(messageBytes(bare('aé€😀'))).toBe(1 + 2 + 3 + 4);
  });

  test('the size of a message counts the name, type and value of every attribute', () => {
    const attributes = { LASTMILE: '€', A: '' };
    expect(messageBytes({ body: 'x', attributes })).toBe(1 + (8 + 6 + 3) + (1 + 6 + 0));
  });

  test('a queue message may have a size of 1 MiB', () => {
    expect(maxMessageBytes).toBe(limit);
  });
});

describe('a message', () => {
  const attributes = { LASTMILE: '{"v":1}' };
  const attributeBytes = 'LASTMILE'.length + 'String'.length + '{"v":1}'.length;

  test('a message exactly at the size limit is not changed', () => {
    const message = { body: 'x'.repeat(limit - attributeBytes), attributes };
    expect(messageBytes(message)).toBe(limit);
    expect(fitted(message)).toBe(message);
  });

  test('a message one byte over the limit is compressed, keeps its attributes, and is read back unchanged', () => {
    const message = { body: 'x'.repeat(limit - attributeBytes + 1), attributes };
    const smaller = fitted(message);
    expect(smaller?.attributes).toEqual({ ...attributes, LASTMILE_BODY: 'gzip' });
    expect(smaller?.body).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(bodyText(smaller ?? bare(''))).toBe(message.body);
  });

  test('a message is compressed because of its bytes, not its characters', () => {
    expect(fitted(bare('é'.repeat(limit / 2)))?.attributes).toEqual({});
    expect(fitted(bare(`${'é'.repeat(limit / 2)}x`))?.attributes).toEqual({ LASTMILE_BODY: 'gzip' });
  });

  test('a message that is too large even when compressed is refused', () => {
    expect(fitted(bare(hardToCompress(limit + 1)))).toBeUndefined();
  });

  test('a compressed message that is too large only with its attributes is refused', () => {
    const body = hardToCompress(limit + 1, 'hex');
    const { body: compressed } = fitted(bare(body)) ?? bare('');
    const left = limit - compressed.length - ('LASTMILE_BODY'.length + 'String'.length + 'gzip'.length);
    const value = 'v'.repeat(left - 'A'.length - 'String'.length);
    const whole = fitted({ body, attributes: { A: value } });
    expect(whole && messageBytes(whole)).toBe(limit);
    expect(fitted({ body, attributes: { A: `${value}v` } })).toBeUndefined();
  });

  test('a message of 8 MiB of text is accepted when it compresses well, and one byte more is refused', () => {
    const largest = 8 * limit;
    const message = fitted(bare('x'.repeat(largest)));
    expect(bodyText(message ?? bare('')).length).toBe(largest);
    expect(fitted(bare('x'.repeat(largest + 1)))).toBeUndefined();
  });

  test('a message with any text as its body is read back unchanged', () => {
    const start = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(start, (text) => {
        const message = bare(text + 'é'.repeat(limit / 2));
        expect(bodyText(fitted(message) ?? bare(''))).toBe(message.body);
      }),
      { numRuns: 3 },
    );
  });
});

describe('a body', () => {
  const gzip = { LASTMILE_BODY: 'gzip' };

  test('a body without the compression attribute is read as plain text, even if it looks compressed', () => {
    const body = gzipSync('{}').toString('base64');
    expect(bodyText(bare(body))).toBe(body);
  });

  test('a compressed body may unpack to at most 8 MiB', () => {
    const packed = (bytes: number) => ({ body: gzipSync('x'.repeat(bytes)).toString('base64'), attributes: gzip });
    expect(bodyText(packed(8 * limit)).length).toBe(8 * limit);
    expect(failureOf(() => bodyText(packed(8 * limit + 1)))).toMatch(/^InvalidDelivery: /);
  });

  test('a compressed body that would unpack to more than 8 MiB, even to 8 GiB, is refused', () => {
    const part = gzipSync(Buffer.alloc(limit));
    const bomb = Buffer.concat(Array.from({ length: 1024 }, () => part)).toString('base64');
    expect(failureOf(() => bodyText({ body: bomb, attributes: gzip }))).toBe(
      'InvalidDelivery: The compressed body cannot be read.',
    );
  });

  test.each([
    ['not base64', '*'],
    ['not gzip', 'Y2FuYXJ5'],
    ['cut off', gzipSync('canary-event '.repeat(99)).toString('base64').slice(0, 30)],
    ['empty', ''],
  ])('a compressed body that is %s is refused, and the error does not show it', (_what, body) => {
    expect(failureOf(() => bodyText({ body, attributes: gzip }))).toBe(
      'InvalidDelivery: The compressed body cannot be read.',
    );
  });

  test('a body in an unknown encoding is refused', () => {
    expect(failureOf(() => bodyText({ body: '', attributes: { LASTMILE_BODY: 'canary' } }))).toBe(
      'InvalidDelivery: The attribute LASTMILE_BODY is not gzip.',
    );
  });
});
