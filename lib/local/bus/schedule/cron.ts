/** The times at which a cron expression fires: whole minutes, in UTC. */
export interface CronSchedule {
  /** The first time after `afterMs`, in epoch ms. Undefined: never again. */
  nextAfter(afterMs: number): number | undefined;
}

interface FieldBounds {
  readonly least: number;
  readonly most: number;
  /** Names of the values, in ascending order; the first one is the name of `least`. */
  readonly names?: readonly string[];
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const minute: FieldBounds = { least: 0, most: 59 };
const hour: FieldBounds = { least: 0, most: 23 };
const dayOfMonth: FieldBounds = { least: 1, most: 31 };
const month: FieldBounds = { least: 1, most: 12, names: months };
const dayOfWeek: FieldBounds = { least: 1, most: 7, names: weekdays };
/** The user guide says 2199, but EventBridge accepts later years. */
const year: FieldBounds = { least: 1970, most: 9999 };

/** Every value of a field, ascending. */
type Values = readonly number[];

/** The days of a month on which the rule fires, ascending. Months are counted from 0, as in Date. */
type Days = (year: number, month: number) => Values;

/**
 * Parses EventBridge's six fields: minutes, hours, day of month, month, day of week, year. Exactly one of the two day
 * fields is `?`. Source: EventBridge user guide, cron expressions.
 *
 * @returns undefined when the text is not such an expression
 */
export function parseCron(text: string): CronSchedule | undefined {
  const fields = text.toUpperCase().split(/\s+/);
  const [minutesText = '', hoursText = '', dayText = '', monthsText = '', weekdayText = '', yearsText = ''] = fields;
  if (fields.length !== 6 || (dayText === '?') === (weekdayText === '?')) return undefined;
  const minutes = parseValues(minutesText, minute);
  const hours = parseValues(hoursText, hour);
  const inMonths = parseValues(monthsText, month);
  const years = parseValues(yearsText, year);
  const days = dayText === '?' ? parseDaysOfWeek(weekdayText) : parseDaysOfMonth(dayText);
  if (!minutes || !hours || !inMonths || !years || !days) return undefined;
  return { nextAfter: (afterMs) => nextTime({ minutes, hours, months: inMonths, years, days }, afterMs) };
}

interface Fields {
  readonly minutes: Values;
  readonly hours: Values;
  readonly months: Values;
  readonly years: Values;
  readonly days: Days;
}

const minuteMs = 60_000;

/** The calendar repeats after this many years. A rule that does not fire within this many years never fires. */
const calendarYears = 400;

function nextTime({ minutes, hours, months: inMonths, years, days }: Fields, afterMs: number): number | undefined {
  const fromMs = (Math.floor(afterMs / minuteMs) + 1) * minuteMs;
  const fromYear = new Date(fromMs).getUTCFullYear();
  for (const inYear of years.filter((each) => each >= fromYear).slice(0, calendarYears)) {
    for (const inMonth of inMonths) {
      if (Date.UTC(inYear, inMonth) <= fromMs) continue;
      for (const day of days(inYear, inMonth - 1)) {
        const dayMs = Date.UTC(inYear, inMonth - 1, day);
        const found = dayMs + 24 * 60 * minuteMs <= fromMs ? undefined : timeOfDay(hours, minutes, fromMs - dayMs);
        if (found !== undefined) return dayMs + found;
      }
    }
  }
  return undefined;
}

/** @returns the rule's first time of day at or after `fromMs`; both are in ms since midnight */
function timeOfDay(hours: Values, minutes: Values, fromMs: number): number | undefined {
  for (const atHour of hours) {
    for (const atMinute of minutes) {
      const atMs = (atHour * 60 + atMinute) * minuteMs;
      if (atMs >= fromMs) return atMs;
    }
  }
  return undefined;
}

/** Parses `*`, values, ranges and steps, separated by commas. Undefined when the text is invalid. */
function parseValues(text: string, bounds: FieldBounds): Values | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, first = '', last, step] = /^(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:\/([0-9]{1,4}))?$/.exec(part) ?? [];
    const from = first === '*' && last === undefined ? bounds.least : parseValue(first, bounds);
    const open = first === '*' || (last === undefined && step !== undefined);
    const to = last !== undefined ? parseValue(last, bounds) : open ? bounds.most : from;
    const by = step === undefined ? 1 : Number(step);
    if (from === undefined || to === undefined || by < 1 || by > bounds.most || from > to) return undefined;
    for (let value = from; value <= to; value += by) found.add(value);
  }
  return [...found].sort((one, other) => one - other);
}

function parseValue(text: string, { least, most, names = [] }: FieldBounds): number | undefined {
  const named = names.indexOf(text);
  if (named >= 0) return least + named;
  const value = /^[0-9]{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}

function parseDaysOfMonth(text: string): Days | undefined {
  if (text === 'L') return (inYear, inMonth) => [lastDay(inYear, inMonth)];
  if (text === 'LW') return (inYear, inMonth) => [nearestWeekday(inYear, inMonth, lastDay(inYear, inMonth))];
  const near = /^([0-9]{1,2})W$/.exec(text)?.[1];
  const day = near === undefined ? undefined : parseValue(near, dayOfMonth);
  if (day !== undefined) {
    return (inYear, inMonth) => (day > lastDay(inYear, inMonth) ? [] : [nearestWeekday(inYear, inMonth, day)]);
  }
  const days = parseValues(text, dayOfMonth);
  return days && ((inYear, inMonth) => days.filter((each) => each <= lastDay(inYear, inMonth)));
}

function parseDaysOfWeek(text: string): Days | undefined {
  const [, name = '', mark, nth = ''] = /^([A-Z0-9]+?)(?:(L)|#([1-5]))$/.exec(text) ?? [];
  const only = parseValue(name, dayOfWeek);
  if (only !== undefined && mark === 'L') return (inYear, inMonth) => onWeekdays(inYear, inMonth, [only]).slice(-1);
  if (only !== undefined && nth !== '') {
    return (inYear, inMonth) => onWeekdays(inYear, inMonth, [only]).slice(Number(nth) - 1, Number(nth));
  }
  // For EventBridge the last day of the week is Saturday.
  const listed = parseValues(text === 'L' ? 'SAT' : text, dayOfWeek);
  return listed && ((inYear, inMonth) => onWeekdays(inYear, inMonth, listed));
}

function onWeekdays(inYear: number, inMonth: number, listed: Values): Values {
  const first = weekdayOf(inYear, inMonth, 1);
  const days = Array.from({ length: lastDay(inYear, inMonth) }, (_, index) => index + 1);
  return days.filter((day) => listed.includes(((first - 1 + day - 1) % 7) + 1));
}

/** The working day (Monday to Friday) nearest to the given day, within the same month. */
function nearestWeekday(inYear: number, inMonth: number, day: number): number {
  const weekday = weekdayOf(inYear, inMonth, day);
  if (weekday === 7) return day === 1 ? 3 : day - 1;
  if (weekday === 1) return day === lastDay(inYear, inMonth) ? day - 2 : day + 1;
  return day;
}

/** 1 is Sunday. */
function weekdayOf(inYear: number, inMonth: number, day: number): number {
  return new Date(Date.UTC(inYear, inMonth, day)).getUTCDay() + 1;
}

function lastDay(inYear: number, inMonth: number): number {
  return new Date(Date.UTC(inYear, inMonth + 1, 0)).getUTCDate();
}
