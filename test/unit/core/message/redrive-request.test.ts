import { expect, test } from 'vitest';
import { parseRedriveRequest, RedriveRequestError } from '../../../../lib/core/message/redrive-request.ts';

const arn = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/1-2';

function problemsOf(input: unknown): string {
  try {
    parseRedriveRequest(input);
  } catch (error) {
    if (error instanceof RedriveRequestError) return error.message;
    throw error;
  }
  return 'none';
}

test.each([undefined, null, {}, { apiDestination: null, dryRun: null, maximum: null }])(
  'the redrive request %j asks for every dead letter',
  (input) => {
    expect(parseRedriveRequest(input)).toEqual({ dryRun: false });
  },
);

test('every field of a redrive request is parsed', () => {
  const input = {
    apiDestination: arn,
    errorCode: 'EndpointRejected',
    after: '2026-01-31',
    before: '2026-01-31T08:00:00+02:00',
    maximum: 1,
    ratePerSecond: 0.5,
    dryRun: true,
  };
  expect(parseRedriveRequest(input)).toEqual({
    apiDestination: arn,
    errorCode: 'EndpointRejected',
    afterMs: Date.UTC(2026, 0, 31),
    beforeMs: Date.UTC(2026, 0, 31, 6),
    maximum: 1,
    ratePerSecond: 0.5,
    dryRun: true,
  });
});

test.each([
  ['apiDestination', ['', 'a b', 'arn:aws:sqs:us-east-1:123456789012:q', 'x'.repeat(65), 7]],
  ['errorCode', ['', 'ERROR FROM', '7', 'x'.repeat(65), true]],
  ['after', ['', 'yesterday', '2026-02-30', '2026-13-01', '2026-01-31T08:00', '2026-01-31T25:00Z', 1_769_846_400]],
  ['before', ['2026-01-31 08:00Z', '31.01.2026', '2026-01-31T08:00:00.1234Z']],
  ['maximum', [0, -1, 1.5, '10', 1e10]],
  ['ratePerSecond', [0, 0.05, -1, '10', 1e5]],
  ['dryRun', ['true', 1, {}]],
])('a redrive request with the bad field %s is refused, and the error names the field', (field, values) => {
  const problems = values.map((value) => problemsOf({ [field]: value }));
  expect(problems).toEqual(values.map(() => expect.stringMatching(`^Bad input: ${field} is n(ot|either) [^;]*\\.$`)));
});

test('the error for a redrive request does not show the refused value', () => {
  const value = 'can ary';
  expect(problemsOf({ apiDestination: value, errorCode: value, after: value, maximum: value })).not.toContain(value);
});

test('the error for a redrive request names all bad fields at once', () => {
  const message = problemsOf({ apiDestination: 'a b', maximum: 0, dryRun: 'no' });
  expect(message.split(';').map((problem) => problem.replace('Bad input: ', '').trim().split(' ')[0])).toEqual([
    'apiDestination',
    'maximum',
    'dryRun',
  ]);
});

test.each(['apidestination', 'destination', 'time', '__proto__'])(
  'a redrive request with the unknown field %s is refused',
  (name) => {
    expect(problemsOf(JSON.parse(`{"${name}":"orders"}`))).toBe(`Bad input: ${name} is not a field of a redrive.`);
  },
);

test('the error for a redrive request does not show an unknown field that does not look like a name', () => {
  expect(problemsOf({ 'a\nb': 1 })).toBe('Bad input: a member is not a field of a redrive.');
});

test.each([
  ['2026-01-31', '2026-01-31'],
  ['2026-02-01', '2026-01-31'],
])('a redrive after %s and before %s is refused because no time lies between them', (after, before) => {
  expect(problemsOf({ after, before })).toBe('Bad input: before is not later than after.');
});

test.each([['text'], [7], [[{}]], [true]])('the redrive request %j is refused because it is not an object', (input) => {
  expect(problemsOf(input)).toBe('Bad input: a redrive takes a JSON object.');
});

test('a redrive request accepts February 29 in leap years only', () => {
  expect(parseRedriveRequest({ after: '2028-02-29' }).afterMs).toBe(Date.UTC(2028, 1, 29));
  expect(problemsOf({ after: '2026-02-29' })).toMatch(/after is not a time/);
});
