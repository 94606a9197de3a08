import { expect, test } from 'vitest';
import { parseCaCertificates, parseClientCertificate } from '../../../lib/core/destination/certificate-bundle.ts';
import { parseConnectionSecret } from '../../../lib/core/destination/connection-secret.ts';
import { describeErrors } from '../../../lib/core/failure/failure.ts';
import { transformInput } from '../../../lib/core/request/input-transformer.ts';
import { compileInvocationEndpoint, fillWildcards, mergeQuery } from '../../../lib/core/request/invocation-endpoint.ts';
import { maskUserinfo, parseHost } from '../../../lib/core/address/host-name.ts';
import { parseJsonExactly } from '../../../lib/core/input/exact-json.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import { parseJsonPath, readJsonPath } from '../../../lib/core/request/json-path.ts';
import { memberText } from '../../../lib/core/input/member-text.ts';
import { parsePageToken } from '../../../lib/core/input/page-token.ts';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';
import { parseQueueMessage } from '../../../lib/core/message/queued-delivery.ts';
import { parseRetryAfterMs } from '../../../lib/core/delivery/retry-after.ts';
import { parseSignature } from '../../../lib/core/api-key/sig-v4.ts';
import { canonicalRequest } from '../../../lib/core/api-key/sig-v4-canonical.ts';
import { parseSigningSecret } from '../../../lib/core/request/signing.ts';
import { escapeForSqs } from '../../../lib/core/message/raw-message.ts';
import { parseTokenAnswer } from '../../../lib/core/token/answer.ts';
import { compileEventPattern } from '../../../lib/local/bus/pattern/event-pattern.ts';
import { parseFunctionUrlEvent } from '../../../lib/protocol/function-url.ts';
import { nowMs } from '../core/message/deliveries.ts';

const kib = 1024;
const mib = 1024 * kib;
const options = { apiDestination: undefined, nowMs };

/** The input, the largest size that it can have (1 MiB where Lastmile sets no limit), and the work for a size. */
type Row = readonly [what: string, size: number, prepare: (size: number) => () => unknown];

/** Makes the input before the measurement begins. */
const of =
  <Input>(make: (size: number) => Input, run: (input: Input) => unknown) =>
  (size: number) => {
    const input = make(size);
    return () => run(input);
  };
const repeated = (unit: string, run: (text: string) => unknown, head = '', tail = '') =>
  of((size) => head + unit.repeat(Math.ceil(size / unit.length)) + tail, run);

const envelope = (text: string) => parseDelivery(JSON.parse(text), options, text);
const queued = (LASTMILE: string) => parseQueueMessage({ body: '{}', attributes: { LASTMILE } }, options);
const signed = (headers: Record<string, string>, query = '') => ({
  method: 'POST',
  path: '/',
  query,
  headers: new Map(Object.entries(headers)),
  body: new Uint8Array(),
});
const endpoint = compileInvocationEndpoint('https://example.com/*?q=*');
const source = (value: JsonObject) => ({ event: { value }, firstReceivedAtMs: nowMs });
const fill = (InputTemplate: string, value: JsonObject = {}) =>
  transformInput({ InputTemplate, InputPathsMap: { a: '$.detail', b: '$.detail.*.*' } }, source(value));
const token = (body: string) => parseTokenAnswer({ status: 200, headers: {}, body }, nowMs);
const pathOf = (text: string) => parseJsonPath(text);
const matches = (pattern: object) => {
  const compiled = compileEventPattern(JSON.stringify(pattern));
  return (text: string) => compiled({ source: 'x', detail: { a: text } });
};
/** An object with many members, all on the first level. */
const wide = (size: number) => Object.fromEntries(Array.from({ length: size / 16 }, (_, index) => [`k${index}`, {}]));

const rows: readonly Row[] = [
  ['an envelope with many equal keys', mib, repeated('"event":{},', envelope, '{"apiDestination":"a",', '"event":{}}')],
  ['an envelope with escapes', mib, repeated('\\\\', envelope, '{"apiDestination":"a","event":{"a":"', '"}}')],
  ['an envelope with braces in text', mib, repeated('{["', (text) => memberText(text, 'b'), '{"a":')],
  ['numbers with their own digits', mib, repeated('1.0 ,', parseJsonExactly, '[', '1]')],
  ['one number of many digits', mib, repeated('0', parseJsonExactly, '[1.', '1]')],
  ['blanks before every number', mib, repeated(',     0', parseJsonExactly, '[0', ',1.0]')],
  ['blanks after a comma in text', mib, repeated(' ', parseJsonExactly, '["', ',",1.0]')],
  ['an attribute of blanks', mib, repeated(' ', queued, '{', '"v":1}')],
  ['a text of characters that SQS refuses', mib, repeated('\0', escapeForSqs)],
  ['a template of opening brackets', 8 * kib, repeated('<', fill, '"', '"')],
  ['a template of opening braces', 8 * kib, repeated('{', fill, '"', '"')],
  ['a template of unclosed placeholders', 8 * kib, repeated('{{a', fill, '"', '"')],
  ['a template of backslashes', 8 * kib, repeated('\\\\', fill, '"', '"')],
  ['a template of empty lines', 8 * kib, repeated('""\n', fill)],
  [
    'a template of placeholders with slow paths',
    8 * kib,
    repeated('<b>', (text) => fill(`"${text}"`, { detail: wide(mib) })),
  ],
  ['a value of quotes in a template', mib, repeated('"', (text) => fill('"<a>"', { detail: text }))],
  ['a JSON path of names', 512, repeated('.a', pathOf, '$')],
  ['a JSON path of quotes', 512, repeated("\\'", pathOf, "$['")],
  ['a JSON path of backslashes', 512, repeated('\\', pathOf, '$["', 'x')],
  [
    'a JSON path of wildcards',
    512,
    repeated('.*', (text) => readJsonPath(parseJsonPath(text) ?? { steps: [], findsList: false }, wide(mib)), '$'),
  ],
  ['a path parameter of dots', mib, repeated('/.', (text) => fillWildcards(endpoint, [text, text]))],
  ['a query of ampersands', mib, repeated('&', (text) => mergeQuery(`/?${text}`, [['a', 'b']]))],
  ['a query of percent signs', mib, repeated('%', (text) => mergeQuery(`/?${text}`, [['a', 'b']]))],
  ['a Retry-After of digits', 16 * kib, repeated('9', (text) => parseRetryAfterMs(text, nowMs))],
  ['a Retry-After of blanks', 16 * kib, repeated(' ', (text) => parseRetryAfterMs(text, nowMs), '1', '1')],
  ['a token of blanks', 64 * kib, repeated(' ', token, '{"access_token":"a', 'a\\u0000"}')],
  ['an expires_in of digits', 64 * kib, repeated('9', token, '{"access_token":"a","expires_in":"', '"}')],
  [
    'a connection secret of many parameters',
    64 * kib,
    repeated(
      '{"key":"a","value":"b"},',
      parseConnectionSecret,
      '{"username":"a","password":"b","invocation_http_parameters":{"header_parameters":[',
      '{"key":"a","value":"b"}]}}',
    ),
  ],
  ['a signing secret of many keys', 64 * kib, repeated('"whsec_",', parseSigningSecret, '{"keys":[', '""]}')],
  ['a certificate without an end', 64 * kib, repeated('A\n', parseCaCertificates, '-----BEGIN CERTIFICATE-----')],
  ['a text of certificate beginnings', 64 * kib, repeated('-----BEGIN CERTIFICATE-----A', parseCaCertificates)],
  ['a text of key beginnings', 64 * kib, repeated('-----BEGIN A PRIVATE KEY-----A', parseClientCertificate)],
  ['a certificate of dashes', 64 * kib, repeated('-', parseClientCertificate)],
  [
    'an Authorization header of commas',
    mib,
    repeated(',', (authorization) => parseSignature(signed({ authorization })), 'AWS4-HMAC-SHA256 '),
  ],
  ['a query of signatures', mib, repeated('X-Amz-Signature=&', (query) => parseSignature(signed({}, query)))],
  [
    'a signed query of many members',
    mib,
    repeated('a=b%20&', (query) => canonicalRequest(signed({ host: 'a' }, query), ['host'])),
  ],
  ['a signed header of many words', mib, repeated(' a', (host) => canonicalRequest(signed({ host }), ['host']))],
  ['a signed header of blanks', mib, repeated(' ', (host) => canonicalRequest(signed({ host }), ['host']), 'a', 'a')],
  [
    'a body that is nearly base64',
    4 * mib,
    repeated(
      'A',
      (body) =>
        parseFunctionUrlEvent({
          requestContext: { http: { method: 'POST' } },
          rawPath: '/',
          headers: {},
          body,
          isBase64Encoded: true,
        }),
      '',
      '===!',
    ),
  ],
  ['a page token', mib, repeated('A', (text) => parsePageToken(['a'], text))],
  ['a host of labels', mib, repeated('a.', parseHost)],
  ['a URL of slashes', mib, repeated('://', maskUserinfo)],
  ['a URL of colons', mib, repeated(':', maskUserinfo)],
  ['a URL of blanks', mib, repeated(' ', maskUserinfo, 'https:', 'x')],
  ['a URL of user names', mib, repeated('@', maskUserinfo, 'https://')],
  ['an error of many lines', mib, repeated('\n  at ', (text) => describeErrors(new Error(text)))],
  ['an error of one long line', mib, repeated(' ', (text) => describeErrors(new Error(text)))],
  ['a text for a pattern with wildcards', mib, repeated('ab', matches({ detail: { a: [{ wildcard: '*ac*b' }] } }))],
  ['a text that nearly matches a wildcard', mib, repeated('a', matches({ detail: { a: [{ wildcard: '*aab*a' }] } }))],
  [
    'a text for a pattern with suffixes',
    mib,
    repeated('a', matches({ detail: { a: [{ suffix: 'b' }, { 'anything-but': { wildcard: '*ba' } }] } })),
  ],
];

/**
 * The lowest CPU time of this thread in three runs, in ms. CPU time is not affected by other processes. Each run has a slightly
 * longer input than the previous one, so that no cache contains it.
 */
function cpuMs(prepare: Row[2], size: number): number {
  const runs = [0, 1, 2].map((run) => {
    const work = prepare(size + run * kib);
    const before = process.threadCpuUsage();
    try {
      work();
    } catch {
      // A refused input is measured like an accepted one.
    }
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
}

/** Inputs that take less time than this are not compared, because short measurements are too inexact. */
const harmlessMs = 150;

test.each(rows)('%s is processed in time proportional to its length', (_what, size, prepare) => {
  const whole = cpuMs(prepare, size);
  // Four times the input takes four times as long in linear time, and sixteen times as long in quadratic time.
  const ratio = whole > harmlessMs ? whole / cpuMs(prepare, size / 4) : 0;
  expect(ratio).toBeLessThan(9);
  expect(whole).toBeLessThan(1000);
});

test('the measurement of linear time detects quadratic work', () => {
  const quadratic = (size: number) => () => {
    let sum = 0;
    for (let one = 0; one < size; one += 1) for (let other = 0; other < size; other += 1) sum += one ^ other;
    return sum;
  };
  const whole = cpuMs(quadratic, 24 * kib);
  expect(whole).toBeGreaterThan(harmlessMs);
  expect(whole / cpuMs(quadratic, 6 * kib)).toBeGreaterThan(9);
});
