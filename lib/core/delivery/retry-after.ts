const seconds = /^-?\d+$/;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const month = months.join('|');
const time = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;

/** The three forms of RFC 9110 section 5.6.7: IMF-fixdate, RFC 850 and asctime. The weekday is not checked. */
const dateForms = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d{2}) (?<month>${month}) (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(
    `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-(?<month>${month})-(?<shortYear>\\d{2}) ${time} GMT$`,
  ),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>${month}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/**
 * The wait that a Retry-After header asks for: seconds, or any of the three forms of an HTTP date. Source: RFC 9110 section
 * 10.2.3; EventBridge user guide for negative numbers.
 *
 * @returns ms; 0 for a date that has passed; negative when the endpoint asks not to be called again; undefined when the header
 * is malformed
 */
export function parseRetryAfterMs(value: string, nowMs: number): number | undefined {
  const text = value.trim();
  if (seconds.test(text)) return clamp(Number(text) * 1000);
  const dateMs = parseHttpDateMs(text, nowMs);
  return dateMs === undefined ? undefined : clamp(Math.max(0, dateMs - nowMs));
}

function parseHttpDateMs(text: string, nowMs: number): number | undefined {
  for (const form of dateForms) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return dateOfParts(parts, nowMs);
  }
  return undefined;
}

function dateOfParts(parts: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const numberOf = (name: string) => Number(parts[name]);
  const [day, hour, minute, second] = [numberOf('day'), numberOf('hour'), numberOf('minute'), numberOf('second')];
  // 60 is a leap second.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const monthIndex = months.findIndex((name) => name === parts['month']);
  const year = parts['shortYear'] === undefined ? numberOf('year') : fullYear(numberOf('shortYear'), nowMs);
  const date = new Date(Date.UTC(year, monthIndex, day, hour, minute, second));
  return new Date(Date.UTC(year, monthIndex, day)).getUTCDate() === day ? date.getTime() : undefined;
}

/** A two-digit year more than 50 years ahead belongs to the century before. Source: RFC 9110 section 5.6.7. */
function fullYear(shortYear: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + shortYear;
  return year > thisYear + 50 ? year - 100 : year;
}

/** Keeps the value in the range of exact integers, and turns -0 into 0. */
function clamp(delayMs: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, delayMs)) + 0;
}
