/** A range of times in the address of a page: `last` in seconds before now, or `after` and `before`, ISO 8601. */
export interface TimesOfRange {
  /** Seconds since 1970. */
  readonly After?: number;
  readonly Before?: number;
}

/** A parameter that is not a time counts as absent. */
export function timesOf(query: URLSearchParams, nowMs: number): TimesOfRange {
  const last = Number(query.get('last') ?? '');
  if (last > 0) return { After: Math.floor(nowMs / 1000) - last };
  const [After, Before] = [secondsOf(query.get('after')), secondsOf(query.get('before'))];
  return { ...(After !== undefined && { After }), ...(Before !== undefined && { Before }) };
}

function secondsOf(time: string | null): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
