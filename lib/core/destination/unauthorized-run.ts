/**
 * Requests that endpoints refused with 401 or 407 in a row, all with the same credentials of one connection, whichever
 * of its API destinations they went to.
 */
export interface UnauthorizedRun {
  readonly count: number;
  /** When its first refusal was written down, epoch ms: from then on the whole fleet can see it. */
  readonly sinceMs: number;
}

/** When a connection is given up. */
export interface UnauthorizedLimit {
  /** Refusals in a row; 1 gives up at the first, whatever the length. */
  readonly count: number;
  /** How long a run must last besides. */
  readonly lengthMs: number;
}

/** What comes within less may be the fault of one endpoint or of one deployment, and stops all that share the connection. */
const leastLengthMs = 30_000;

/**
 * @param cacheMs age at which workers read a connection again: within twice that, every worker that is delivering has
 *   read it, and so has seen the run and had the time of a success to end it
 */
export function unauthorizedLimitOf(count: number, cacheMs: number): UnauthorizedLimit {
  return { count, lengthMs: Math.max(leastLengthMs, 2 * cacheMs) };
}

export function isUnauthorized(status: number): boolean {
  return status === 401 || status === 407;
}

/**
 * Whether a request has a say in the run, refused or accepted.
 *
 * Failure policy: what was asked before the run began tells nothing about the time since, however late its answer comes.
 * A worker that was frozen neither lengthens a run nor ends one with what it knew before.
 */
export function isWithinRun(run: UnauthorizedRun, requestedAtMs: number): boolean {
  return requestedAtMs >= run.sinceMs;
}

export function exceeds(run: UnauthorizedRun, limit: UnauthorizedLimit, nowMs: number): boolean {
  return run.count >= limit.count && nowMs - run.sinceMs >= limit.lengthMs;
}

/** The reason that DescribeConnection shows. */
export function describeRefusal(apiDestination: string, status: number, run?: UnauthorizedRun): string {
  const last = `API destination '${apiDestination}' with HTTP status ${status}`;
  if (run === undefined) return `The credentials were refused by ${last}.`;
  const since = new Date(run.sinceMs).toISOString();
  return `The credentials were refused at least ${run.count} times in a row since ${since}, last by ${last}.`;
}
