import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../../lib/core/input/json.ts';
import type { Trace } from '../../../../lib/core/delivery/trace.ts';
import {
  firstTrace,
  parseInvocationTrace,
  parseTrace,
  traceIdOf,
  withTrace,
} from '../../../../lib/core/delivery/trace.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const root = '1-5759e988-bd862e3fe1be46a994272793';
const xray = `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1`;
const otherXray = 'Root=1-67891233-abcdef012345678912345678;Sampled=0';

test('a trace with all three headers is read unchanged', () => {
  const values = { traceparent, tracestate: 'rojo=00f067aa0ba902b7, congo=t61rcWkgMzE', 'X-Amzn-Trace-Id': xray };
  expect(parseTrace(values)).toEqual(values);
});

test.each<[string, JsonValue]>([
  ['of a later version', `01-${traceId}-b7ad6b7169203331-01`],
  ['of version ff', `ff-${traceId}-b7ad6b7169203331-01`],
  ['with a trace id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
  ['with a parent id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['in upper case', traceparent.toUpperCase()],
  ['without flags', traceparent.slice(0, 52)],
  ['with a further field', `${traceparent}-00`],
  ['with a blank before it', ` ${traceparent}`],
  ['that ends with a new line', `${traceparent}\n`],
  ['that hides a second header', `${traceparent}\r\nX-Admin: 1`],
  ['of 10 KB', traceparent.padEnd(10_240, '0')],
  ['that is a number', 7],
  ['that is a list', [traceparent]],
])('a traceparent %s is ignored together with its tracestate', (_what, value) => {
  expect(parseTrace({ traceparent: value, tracestate: 'a=1' })).toBeUndefined();
  const others = { 'X-Amzn-Trace-Id': xray };
  expect(parseTrace({ traceparent: value, tracestate: 'a=1', ...others })).toEqual(others);
});

test.each<[string, JsonValue]>([
  ['without members', ','],
  ['that is empty', ''],
  ['of more than 512 characters', `a=${'1'.repeat(250)},b=${'2'.repeat(250)},c=${'3'.repeat(10)}`],
  ['of 33 members', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(',')],
  ['with a key in upper case', 'Rojo=1'],
  ['with a member without a value', 'rojo'],
  ['with a member whose value is empty', 'rojo='],
  ['with two equals signs', 'rojo=1=2'],
  ['with a new line', 'rojo=1\r\nX-Admin: 1'],
  ['with a character beyond ASCII', 'rojo=ü'],
  ['that is not a text', 1],
])('a tracestate %s is ignored, and its traceparent is used', (_what, tracestate) => {
  expect(parseTrace({ traceparent, tracestate })).toEqual({ traceparent });
});

test.each([
  ['512 characters', `a=${'1'.repeat(254)},b=${'2'.repeat(253)}`],
  ['32 members', Array.from({ length: 32 }, (_, index) => `k${index}=1`).join(',')],
  ['a member with the @ of a tenant, empty members and blanks', 'fw529a3039@dt=FfffffeCgA, ,\tb=x y'],
])('a tracestate of %s is used', (_what, tracestate) => {
  expect(parseTrace({ traceparent, tracestate })).toEqual({ traceparent, tracestate });
});

test('a tracestate without a traceparent is ignored', () => {
  expect(parseTrace({ tracestate: 'rojo=1' })).toBeUndefined();
});

test.each([
  ['with only its Root', `Root=${root}`, `Root=${root}`],
  ['with a sampling decision that is left to others', `Root=${root};Sampled=?`, `Root=${root};Sampled=?`],
  ['with blanks between its fields', `Root=${root}; Sampled=0`, `Root=${root};Sampled=0`],
  ['with Lineage', `${xray};Lineage=a87bd80c:0,68fd508a:5`, `${xray};Lineage=a87bd80c:0,68fd508a:5`],
  [
    'with a field of a load balancer',
    `Self=1-67891233-12456789abcdef01;${xray}`,
    `Self=1-67891233-12456789abcdef01;${xray}`,
  ],
])("X-Ray's header %s is read", (_what, header, read) => {
  expect(parseTrace({ 'X-Amzn-Trace-Id': header })).toEqual({ 'X-Amzn-Trace-Id': read });
});

test.each<[string, JsonValue]>([
  ['without Root', 'Parent=53995c3f42cd8ad8;Sampled=1'],
  ['with two Roots', `Root=${root};Root=${root}`],
  ['with a Root of another version', `Root=2${root.slice(1)}`],
  ['with a short Root', 'Root=1-5759e988-bd86'],
  ['with a Root in upper case', `Root=${root.toUpperCase()}`],
  ['with a short Parent', `Root=${root};Parent=5399`],
  ['with a sampling decision that does not exist', `Root=${root};Sampled=2`],
  ['with an empty field', `Root=${root};;Sampled=1`],
  ['with a field without a value', `Root=${root};Lineage`],
  ['with a new line', `${xray}\r\nX-Admin: 1`],
  ['with a character beyond ASCII', `${xray};a=ü`],
  ['with 257 characters', `${xray};a=`.padEnd(257, 'x')],
  ['of 10 KB', `${xray};a=`.padEnd(10_240, 'x')],
  ['that is empty', ''],
  ['that is not a text', 7],
])("X-Ray's header %s is ignored, and the traceparent beside it is used", (_what, header) => {
  expect(parseTrace({ 'X-Amzn-Trace-Id': header })).toBeUndefined();
  expect(parseTrace({ traceparent, 'X-Amzn-Trace-Id': header })).toEqual({ traceparent });
});

test("X-Ray's header may have 256 characters", () => {
  const header = `${xray};a=`.padEnd(256, 'x');
  expect(parseTrace({ 'X-Amzn-Trace-Id': header })).toEqual({ 'X-Amzn-Trace-Id': header });
});

test.each<JsonValue>([null, 'text', 7, [traceparent], {}])('the value %j is no trace', (value) => {
  expect(parseTrace(value)).toBeUndefined();
});

describe('the header of an invocation', () => {
  test('the header of an invocation is used when it is sampled', () => {
    expect(parseInvocationTrace(xray)).toEqual({ 'X-Amzn-Trace-Id': xray });
  });

  test.each([undefined, 'nonsense', `Root=${root}`, `Root=${root};Sampled=0`, `Root=${root};Sampled=?`])(
    'the header %j of an invocation is ignored, because Lambda may have made it up',
    (header) => expect(parseInvocationTrace(header)).toBeUndefined(),
  );
});

test.each<[string, Trace | undefined, Trace | undefined, Trace | undefined]>([
  ['no value', undefined, undefined, undefined],
  ['values only in the first', { traceparent }, undefined, { traceparent }],
  ['values only in the second', undefined, { traceparent }, { traceparent }],
  ['different formats', { traceparent }, { 'X-Amzn-Trace-Id': xray }, { traceparent, 'X-Amzn-Trace-Id': xray }],
  [
    "X-Ray's header in both",
    { 'X-Amzn-Trace-Id': xray },
    { 'X-Amzn-Trace-Id': otherXray },
    { 'X-Amzn-Trace-Id': xray },
  ],
  [
    'a traceparent only in the second',
    { 'X-Amzn-Trace-Id': xray },
    { traceparent, tracestate: 'a=1', 'X-Amzn-Trace-Id': otherXray },
    { traceparent, tracestate: 'a=1', 'X-Amzn-Trace-Id': xray },
  ],
  [
    'a traceparent in both, and a tracestate only in the second',
    { traceparent },
    { traceparent: traceparent.replaceAll('a', 'b'), tracestate: 'b=2' },
    { traceparent },
  ],
])('when two traces have %s, each format comes from the first that has it', (_what, first, second, result) => {
  expect(firstTrace(first, second)).toEqual(result);
});

test('the id of a trace is that of traceparent, or else the Root of X-Ray', () => {
  expect(traceIdOf({ traceparent, 'X-Amzn-Trace-Id': xray })).toBe(traceId);
  expect(traceIdOf({ 'X-Amzn-Trace-Id': `Self=1-2;${xray}` })).toBe(root);
});

describe('the headers of a request', () => {
  const half = 0x89abcdef / 0x1_0000_0000;
  const parentId = '89abcdef89abcdef';
  const sent = (trace: Trace | undefined, headers: Record<string, string> = {}, random = half) =>
    withTrace({ headers, path: '/' }, trace, () => random);

  test('a request without a trace is not copied', () => {
    const request = { headers: {} };
    expect(withTrace(request, undefined, () => expect.fail('No number is needed.'))).toBe(request);
  });

  test('the request carries the ids of the trace with a new parent id in both formats', () => {
    const trace = { traceparent, tracestate: 'rojo=1', 'X-Amzn-Trace-Id': `${xray};Lineage=a:0` };
    expect(sent(trace, { 'User-Agent': 'x' })).toEqual({
      path: '/',
      headers: {
        'User-Agent': 'x',
        traceparent: `00-${traceId}-${parentId}-01`,
        tracestate: 'rojo=1',
        'X-Amzn-Trace-Id': `Root=${root};Parent=${parentId};Sampled=1;Lineage=a:0`,
      },
    });
  });

  test('an X-Ray header without a parent gets a new parent id', () => {
    const trace = { 'X-Amzn-Trace-Id': `Sampled=0;Root=${root}` };
    expect(sent(trace).headers).toEqual({ 'X-Amzn-Trace-Id': `Sampled=0;Root=${root};Parent=${parentId}` });
  });

  test.each([
    ['00', '00'],
    ['01', '01'],
    ['03', '03'],
    ['fe', '02'],
    ['ff', '03'],
  ])('of the flags %s the request keeps the defined ones, %s', (came, kept) => {
    const { headers } = sent({ traceparent: `${traceparent.slice(0, 53)}${came}` });
    expect(headers['traceparent']?.slice(53)).toBe(kept);
  });

  test('a parent id never consists of zeros only', () => {
    expect(sent({ traceparent }, {}, 0).headers['traceparent']).toBe(`00-${traceId}-0000000000000001-01`);
  });

  test('a small random number gives a parent id of sixteen digits', () => {
    const { headers } = sent({ traceparent }, {}, 0x0b / 0x1_0000_0000);
    expect(headers['traceparent']).toBe(`00-${traceId}-0000000b0000000b-01`);
  });

  test('a traceparent that the user set in any spelling is sent instead of the one of the trace, and without its tracestate', () => {
    const headers = { TraceParent: 'mine' };
    expect(sent({ traceparent, tracestate: 'a=1' }, headers).headers).toEqual(headers);
  });

  test('a tracestate that the user set is sent instead of the one of the trace', () => {
    const headers = { Tracestate: 'mine=1' };
    expect(sent({ traceparent, tracestate: 'a=1' }, headers).headers).toEqual({
      Tracestate: 'mine=1',
      traceparent: `00-${traceId}-${parentId}-01`,
    });
  });

  test("a header of X-Ray's name that the user set is sent instead of the one of the trace", () => {
    const headers = { 'x-amzn-trace-id': 'mine' };
    expect(sent({ 'X-Amzn-Trace-Id': xray }, headers).headers).toEqual(headers);
  });
});
