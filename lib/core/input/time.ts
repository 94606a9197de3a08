/** A day (its first moment in UTC), or a time with its offset from UTC. The seconds may be left out. Source: RFC 3339. */
const timePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/;

/** @returns epoch ms; undefined when the text is not such a time as 2026-01-31 or 2026-01-31T08:00:00Z */
export function parseTime(text: string): number | undefined {
  const [time, year, month, day] = timePattern.exec(text) ?? [];
  if (time === undefined) return undefined;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Without this check, 30 February would be read as 2 March.
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) ? Date.parse(time) : undefined;
}
