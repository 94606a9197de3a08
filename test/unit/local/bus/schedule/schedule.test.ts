import { describe, expect, test } from 'vitest';
import { parseScheduleExpression } from '../../../../../lib/local/bus/schedule/schedule.ts';

/** The first times after the beginning of 2026. Its first day is a Thursday. */
function times(expression: string, count: number, after = '2026-01-01T00:00:00Z'): string[] {
  const schedule = parseScheduleExpression(expression);
  if (schedule === undefined) throw new Error(`${expression} is not valid.`);
  const found: string[] = [];
  for (let atMs: number | undefined = Date.parse(after); found.length < count; ) {
    atMs = schedule.nextAfter(atMs, Date.parse(after));
    if (atMs === undefined) break;
    found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  return found;
}

describe('a rate', () => {
  test.each([
    ['rate(1 minute)', ['2026-01-01T00:01', '2026-01-01T00:02']],
    ['rate(5 minutes)', ['2026-01-01T00:05', '2026-01-01T00:10']],
    ['rate(1 hour)', ['2026-01-01T01:00', '2026-01-01T02:00']],
    ['rate(36 hours)', ['2026-01-02T12:00', '2026-01-04T00:00']],
    ['rate(1 day)', ['2026-01-02T00:00', '2026-01-03T00:00']],
    ['rate(7 days)', ['2026-01-08T00:00', '2026-01-15T00:00']],
  ])(
    'a rule with the schedule %s fires one period after it was enabled, and then once per period',
    (expression, expected) => {
      expect(times(expression, 2)).toEqual(expected);
    },
  );

  test('the times of a rate are counted from the time when the rule was enabled', () => {
    const enabledAtMs = Date.UTC(2026, 0, 1, 10, 0, 30);
    const schedule = parseScheduleExpression('rate(10 minutes)');
    expect(schedule?.nextAfter(enabledAtMs + 25 * 60_000, enabledAtMs)).toBe(enabledAtMs + 30 * 60_000);
    expect(schedule?.nextAfter(enabledAtMs - 5, enabledAtMs)).toBe(enabledAtMs + 10 * 60_000);
  });

  test.each([
    'rate()',
    'rate(0 minutes)',
    'rate(-1 minutes)',
    'rate(.1 minutes)',
    'rate(1 minutes)',
    'rate(5 minute)',
    'rate(1 hours)',
    'rate(2 day)',
    'rate(10 seconds)',
    'rate(1 year)',
    'rate(5  minutes)',
    'rate(5 minutes) ',
    'Rate(5 minutes)',
    '5 minutes',
    '',
  ])('the schedule %j is refused as an invalid rate', (expression) =>
    expect(parseScheduleExpression(expression)).toBeUndefined(),
  );
});

describe('a cron expression', () => {
  test.each([
    ['cron(0 10 * * ? *)', ['2026-01-01T10:00', '2026-01-02T10:00']],
    ['cron(15 12 * * ? *)', ['2026-01-01T12:15', '2026-01-02T12:15']],
    ['cron(0 18 ? * MON-FRI *)', ['2026-01-01T18:00', '2026-01-02T18:00', '2026-01-05T18:00']],
    ['cron(0 8 1 * ? *)', ['2026-01-01T08:00', '2026-02-01T08:00']],
    ['cron(0/15 * * * ? *)', ['2026-01-01T00:15', '2026-01-01T00:30', '2026-01-01T00:45', '2026-01-01T01:00']],
    ['cron(0/10 * ? * MON-FRI *)', ['2026-01-01T00:10', '2026-01-01T00:20']],
    ['cron(0/5 8-17 ? * MON-FRI *)', ['2026-01-01T08:00', '2026-01-01T08:05']],
    ['cron(* * * * ? *)', ['2026-01-01T00:01', '2026-01-01T00:02']],
    ['cron(*/20 3 * * ? *)', ['2026-01-01T03:00', '2026-01-01T03:20', '2026-01-01T03:40', '2026-01-02T03:00']],
    ['cron(10-30/10 4 * * ? *)', ['2026-01-01T04:10', '2026-01-01T04:20', '2026-01-01T04:30', '2026-01-02T04:10']],
    ['cron(5,1,3 0 * * ? *)', ['2026-01-01T00:01', '2026-01-01T00:03', '2026-01-01T00:05']],
    ['cron(0 0 1 jan,JUL ? *)', ['2026-07-01T00:00', '2027-01-01T00:00']],
    ['cron(0 0 ? * 1 *)', ['2026-01-04T00:00', '2026-01-11T00:00']],
    ['cron(0 0 ? * SUN,7 *)', ['2026-01-03T00:00', '2026-01-04T00:00', '2026-01-10T00:00']],
  ])('from the beginning of 2026, the schedule %s first fires at %j', (expression, expected) => {
    expect(times(expression, expected.length)).toEqual(expected);
  });

  test('L in the day-of-month field of a cron expression is the last day of the month', () => {
    expect(times('cron(0 9 L * ? *)', 3, '2028-01-31T09:00:00Z')).toEqual([
      '2028-02-29T09:00',
      '2028-03-31T09:00',
      '2028-04-30T09:00',
    ]);
  });

  test('L after a day of the week in a cron expression is the last such day of the month', () => {
    expect(times('cron(0 9 ? * 6L 2026)', 2)).toEqual(['2026-01-30T09:00', '2026-02-27T09:00']);
    expect(times('cron(0 9 ? * FRIL 2026)', 1)).toEqual(['2026-01-30T09:00']);
    expect(times('cron(0 9 ? * L *)', 2)).toEqual(['2026-01-03T09:00', '2026-01-10T09:00']);
  });

  test('W in a cron expression is the nearest weekday within the month', () => {
    // Saturday the 3rd, Sunday the 15th, Sunday 1 February, Saturday 1 August, Sunday 31 May.
    expect(times('cron(0 9 3W 1 ? *)', 1)).toEqual(['2026-01-02T09:00']);
    expect(times('cron(0 9 15W 2 ? *)', 1)).toEqual(['2026-02-16T09:00']);
    expect(times('cron(0 9 1W 2 ? *)', 1)).toEqual(['2026-02-02T09:00']);
    expect(times('cron(0 9 1W 8 ? *)', 1)).toEqual(['2026-08-03T09:00']);
    expect(times('cron(0 9 31W 5 ? *)', 1)).toEqual(['2026-05-29T09:00']);
    expect(times('cron(0 9 LW 5 ? *)', 1)).toEqual(['2026-05-29T09:00']);
  });

  test('a cron expression does not fire in a month that lacks its day', () => {
    expect(times('cron(0 0 31 * ? *)', 3)).toEqual(['2026-01-31T00:00', '2026-03-31T00:00', '2026-05-31T00:00']);
    expect(times('cron(0 0 31W * ? *)', 2)).toEqual(['2026-01-30T00:00', '2026-03-31T00:00']);
    expect(times('cron(0 0 ? * 5#5 *)', 2)).toEqual(['2026-01-29T00:00', '2026-04-30T00:00']);
  });

  test('a number after # in a cron expression selects that occurrence of the weekday in the month', () => {
    expect(times('cron(0 9 ? * 3#2 *)', 2)).toEqual(['2026-01-13T09:00', '2026-02-10T09:00']);
    expect(times('cron(0 9 ? * TUE#2 *)', 1)).toEqual(['2026-01-13T09:00']);
  });

  test('a cron expression with a past year or an impossible day never fires', () => {
    expect(times('cron(0 0 1 1 ? 2024-2026)', 3, '2024-06-01T00:00:00Z')).toEqual([
      '2025-01-01T00:00',
      '2026-01-01T00:00',
    ]);
    expect(times('cron(0 0 30 2 ? *)', 1)).toEqual([]);
  });

  test('a cron expression may name a year far ahead', () => {
    expect(times('cron(0 20 * * ? 2500)', 2)).toEqual(['2500-01-01T20:00', '2500-01-02T20:00']);
    expect(times('cron(0 20 29 2 ? 2200/100)', 2)).toEqual(['2400-02-29T20:00', '2800-02-29T20:00']);
  });

  test.each([
    ['cron(*/59 5 * * ? *)', ['2026-01-01T05:00', '2026-01-01T05:59']],
    ['cron(0 */23 * * ? *)', ['2026-01-01T23:00', '2026-01-02T00:00']],
    ['cron(0 0 */31 * ? *)', ['2026-02-01T00:00', '2026-03-01T00:00']],
    ['cron(0 0 1 */12 ? *)', ['2027-01-01T00:00', '2028-01-01T00:00']],
  ])('the largest step of a field is accepted in %s', (expression, expected) => {
    expect(times(expression, expected.length)).toEqual(expected);
  });

  test('a cron expression fires at whole minutes only', () => {
    expect(times('cron(* * * * ? *)', 1, '2026-12-31T23:59:59.999Z')).toEqual(['2027-01-01T00:00']);
  });

  test.each([
    'cron(INVALID)',
    'cron(0 dummy ? * MON-FRI *)',
    'cron(7 20 * * NOT *)',
    'cron(71 8 1 * ? *)',
    'cron(0 1 * * * *)',
    'cron(0 1 ? * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 1 0 * ? *)',
    'cron(0 1 32 * ? *)',
    'cron(0 1 * 13 ? *)',
    'cron(0 1 ? * 8 *)',
    'cron(0 1 ? * 0 *)',
    'cron(0 1 ? * MON#6 *)',
    'cron(0 1 ? * 3#1,6#3 *)',
    'cron(0 1 1L * ? *)',
    'cron(0 1 * * ? 1969)',
    'cron(*/60 * * * ? *)',
    'cron(0/60 * * * ? *)',
    'cron(0 */24 * * ? *)',
    'cron(0 0 */32 * ? *)',
    'cron(0 0 1 */13 ? *)',
    'cron(0 0 ? * */8 *)',
    'cron(0 1 * * ? 10000)',
    'cron(0 1 * * ? 1969)',
    'cron(0/0 1 * * ? *)',
    'cron(5-1 1 * * ? *)',
    'cron(*-5 1 * * ? *)',
    'cron(, 1 * * ? *)',
    'cron(? 1 * * ? *)',
    'cron(0 1 * * ?)',
    'cron(0 1 * * ? * *)',
    'cron()',
    'cron(0 10 * * ? *',
  ])('the schedule %j is refused as an invalid cron expression', (expression) =>
    expect(parseScheduleExpression(expression)).toBeUndefined(),
  );
});
