import { validateHeaderName, validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  HeaderFields,
  isForwarded,
  isHeaderName,
  isHeaderValue,
  requireHeader,
} from '../../../../lib/core/request/header-rules.ts';
import { failureOf } from '../failure/failing.ts';

const guideList =
  'A-IM, Accept-Charset, Accept-Datetime, Accept-Encoding, Cache-Control, Connection, Content-Encoding, Content-Length, ' +
  'Content-MD5, Date, Expect, Forwarded, From, Host, HTTP2-Settings, If-Match, If-Modified-Since, If-None-Match, ' +
  'If-Range, If-Unmodified-Since, Max-Forwards, Origin, Pragma, Proxy-Authorization, Range, Referer, TE, Trailer, ' +
  'Transfer-Encoding, User-Agent, Upgrade, Via, Warning';

test('only Keep-Alive and the headers that the guide lists are dropped, whatever their letter case', () => {
  for (const name of [...guideList.split(', '), 'Keep-Alive']) {
    expect([name, isForwarded(name), isForwarded(name.toUpperCase())]).toEqual([name, false, false]);
  }
  for (const name of ['Authorization', 'Accept', 'Content-Type', 'Cookie', 'X-Forwarded-For']) {
    expect(isForwarded(name)).toBe(true);
  }
});

function accepts(validate: () => void): boolean {
  try {
    validate();
    return true;
  } catch {
    return false;
  }
}

test('exactly the header names and values that Node accepts are accepted', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, (value) => {
      expect(isHeaderName(value)).toBe(accepts(() => validateHeaderName(value)));
      expect(isHeaderValue(value)).toBe(accepts(() => validateHeaderValue('x', value)));
    }),
  );
  for (let code = 0; code < 300; code += 1) {
    const character = String.fromCharCode(code);
    expect([code, isHeaderValue(character)]).toEqual([code, accepts(() => validateHeaderValue('x', character))]);
    expect([code, isHeaderName(character)]).toEqual([code, accepts(() => validateHeaderName(character))]);
  }
});

test.each(['canary\r\nX-Evil: 1', 'canary\n', 'canary\0', 'canary\u2028', 'canary 😀'])(
  'the header value %j is refused, and the error names the header but not the value',
  (value) => {
    expect(failureOf(() => requireHeader('X-Key', value))).toBe(
      'InvalidInvocation: The header X-Key has a value with characters that are not allowed.',
    );
  },
);

test.each(['', 'can ary', 'canary:', 'canary\r\n', 'cänary'])(
  'the header name %j is refused, and the error does not show it',
  (name) => {
    expect(failureOf(() => requireHeader(name, 'v'))).toBe(
      'InvalidInvocation: A header has a name with characters that are not allowed.',
    );
  },
);

describe('HeaderFields', () => {
  test('a header that is set again in another case replaces the earlier one', () => {
    const fields = new HeaderFields();
    fields.set('content-type', 'a');
    fields.set('Content-Type', 'b');
    fields.setParameter('HOST', 'evil');
    expect(fields.toRecord()).toEqual({ 'Content-Type': 'b' });
    expect([fields.has('CONTENT-TYPE'), fields.has('Host')]).toEqual([true, false]);
  });

  test('a copy of header fields does not change the original', () => {
    const fields = new HeaderFields();
    fields.set('A', '1');
    const copy = new HeaderFields(fields);
    copy.set('a', '2');
    copy.remove('A');
    expect([fields.toRecord(), copy.toRecord()]).toEqual([{ A: '1' }, {}]);
  });

  test('a header may have the name __proto__', () => {
    const fields = new HeaderFields();
    fields.set('__proto__', 'v');
    expect(Object.entries(fields.toRecord())).toEqual([['__proto__', 'v']]);
  });
});
