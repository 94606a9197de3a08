/**
 * Requests that endpoints refused with 401 or 407 in a row, all with the same credentials of one connection, whichever
 * of its API destinations they went to.
 */
export interface UnauthorizedRun {
  readonly count: number;
  /** When its first refusal was stored, epoch ms. From then on every worker can see it. */
  readonly sinceMs: number;
}

/** When a connection is deauthorized because of refused requests. */
export interface UnauthorizedLimit {
  /** Refusals in a row. */
  readonly count: number;
  /** How long the run must last as well. */
  readonly lengthMs: number;
}

/** A shorter run may come from one endpoint or one deployment, and must not stop all destinations of the connection. */
const leastLengthMs = 30_000;

/**
 * @param cacheMs age at which workers read a connection again. Within twice that time every delivering worker has read it,
 *   has seen the run, and could have ended it with a success
 */
export function unauthorizedLimitOf(count: number, cacheMs: number): UnauthorizedLimit {
  return { count, lengthMs: Math.max(leastLengthMs, 2 * cacheMs) };
}

export function isUnauthorized(status: number): boolean {
  return status === 401 || status === 407;
}

/**
 * Whether the answer to a request counts for the run, refused or accepted.
 *
 * Failure policy: a request from before the run does not count, however late its answer comes. So a worker that was frozen
 * neither lengthens a run nor ends one with an old answer.
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
