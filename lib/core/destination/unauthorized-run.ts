import { answerLine } from '../delivery/answer-text.ts';

/**
 * Consecutive requests that endpoints refused with 401 or 407. All had the same credentials of one connection, but they may
 * have gone to different API destinations.
 */
export interface UnauthorizedRun {
  readonly count: number;
  /** When the first refusal of the run was stored, epoch ms. From then on every worker can see the run. */
  readonly sinceMs: number;
}

/** The limit at which refused requests deauthorize a connection. */
export interface UnauthorizedLimit {
  /** The least number of refusals in a row. */
  readonly count: number;
  /** The least time that the run must also have lasted. */
  readonly lengthMs: number;
}

/** A shorter run may come from one endpoint or one deployment. It must not stop all destinations of the connection. */
const leastLengthMs = 30_000;

/**
 * @param cacheMs age at which workers read a connection again. Twice this time is enough for every worker to see the run, and
 *   for a success to end it
 */
export function unauthorizedLimitOf(count: number, cacheMs: number): UnauthorizedLimit {
  return { count, lengthMs: Math.max(leastLengthMs, 2 * cacheMs) };
}

export function isUnauthorized(status: number): boolean {
  return status === 401 || status === 407;
}

/**
 * Whether the answer to a request, a refusal or a success, counts for the run.
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

/**
 * The reason that DescribeConnection shows.
 *
 * @param answer the endpoint's last answer, with the credentials masked
 */
export function describeRefusal(
  apiDestination: string,
  { status, answer = '' }: { readonly status: number; readonly answer?: string | undefined },
  run?: UnauthorizedRun,
): string {
  const line = answerLine(answer);
  const said = line === '' ? '' : ` The endpoint answered: ${line}`;
  const last = `API destination '${apiDestination}' with HTTP status ${status}.${said}`;
  if (run === undefined) return `The credentials were refused by ${last}`;
  const since = new Date(run.sinceMs).toISOString();
  return `The credentials were refused at least ${run.count} times in a row since ${since}, last by ${last}`;
}
