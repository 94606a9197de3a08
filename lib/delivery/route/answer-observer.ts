import type { Connection } from '../../core/destination/connection.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { UnauthorizedLimit, UnauthorizedRun } from '../../core/destination/unauthorized-run.ts';
import { describeRefusal, exceeds, isUnauthorized, isWithinRun } from '../../core/destination/unauthorized-run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionStates } from '../../ports/token.ts';
import type { UnauthorizedRuns } from '../../ports/delivery.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';

export interface AnswerObserverDependencies {
  readonly runs: UnauthorizedRuns;
  readonly states: Pick<ConnectionStates, 'change'>;
  readonly clock: Clock;
  readonly limit: UnauthorizedLimit;
}

export interface ObservedAnswer {
  readonly status: number;
  /** When the request began. */
  readonly requestedAtMs: number;
  /** The body of a refusal, with the credentials masked. */
  readonly answer?: string | undefined;
}

/**
 * Notes whether an endpoint's answer accepts or refuses the credentials of a connection. For a refusal, pass a
 * destination that was read after the refusal.
 *
 * @returns a promise to await before the delivery is settled; usually there is nothing to await
 */
export type ObserveAnswer = (route: ResolvedDestination, answer: ObservedAnswer) => Promise<void> | undefined;

/** A delivery waits this long for a write about a run of 401s. The time that is kept for settling is longer. */
const patienceMs = 1000;

/**
 * Counts the consecutive refusals of a connection (401, 407), and deauthorizes the connection after a long run of many refusals.
 * A success ends the run. A worker writes this end only if it saw the run at its last read of the connection, or wrote to the
 * run itself, and only once for each read. So a delivery costs nothing here if its connection has no run.
 *
 * This applies to BASIC and API_KEY only. For an OAuth connection the token endpoint decides, and an endpoint that
 * refuses a new token counts as any other failure.
 *
 * Failure policy: a table that fails, refuses or is slow changes nothing about a delivery. The refusal is then not counted,
 * and a connection that should be deauthorized is deauthorized at the next refusal. A run that could not be ended is ended by
 * a success after the next read. If refusals can be written during a whole run but successes cannot, the connection is
 * deauthorized although it works. Its events then wait in the dead letters.
 */
export function createAnswerObserver({ runs, states, clock, limit }: AnswerObserverDependencies): ObserveAnswer {
  /** What this worker has written about each connection since it last read the connection. */
  const written = new WeakMap<Connection, UnauthorizedRun | 'ended'>();

  function runOf(connection: Connection): UnauthorizedRun | undefined {
    const known = written.get(connection);
    return known === 'ended' ? undefined : (known ?? connection.unauthorizedRun);
  }

  function accepted(connection: Connection, requestedAtMs: number): Promise<void> | undefined {
    const run = runOf(connection);
    if (run === undefined || !isWithinRun(run, requestedAtMs)) return undefined;
    written.set(connection, 'ended');
    return withPatience(runs.end(connection, run.sinceMs));
  }

  async function withPatience(work: Promise<void>): Promise<void> {
    const patience = new AbortController();
    const enough = clock.delay(patienceMs, patience.signal).catch(() => undefined);
    await Promise.race([withoutFailure(work), enough]).finally(() => patience.abort());
  }

  async function refused({ connection, apiDestination }: ResolvedDestination, answer: ObservedAnswer): Promise<void> {
    const { secretVersion } = connection;
    if (secretVersion === undefined) return;
    const deauthorize = async (run?: UnauthorizedRun): Promise<void> => {
      const { name, incarnation } = connection;
      const stateReason = describeRefusal(apiDestination.name, answer, run);
      const since = run === undefined ? undefined : { unauthorizedSinceMs: run.sinceMs };
      const nowMs = clock.nowMs();
      await states.change({ name, incarnation, secretVersion, state: 'DEAUTHORIZED', stateReason, ...since, nowMs });
    };
    if (limit.count === 1) return deauthorize();
    const run = await counted(connection, secretVersion, answer.requestedAtMs);
    if (run !== undefined && exceeds(run, limit, clock.nowMs())) await deauthorize(run);
  }

  /** Once a run has reached the limit, only its duration matters, so further refusals are not written. */
  async function counted(
    connection: Connection,
    secretVersion: string,
    requestedAtMs: number,
  ): Promise<UnauthorizedRun | undefined> {
    const lastSeen = runOf(connection);
    if (lastSeen !== undefined && !isWithinRun(lastSeen, requestedAtMs)) return undefined;
    if (lastSeen !== undefined && lastSeen.count >= limit.count) return lastSeen;
    const run = await runs.add({ connection, secretVersion, requestedAtMs, nowMs: clock.nowMs(), lastSeen });
    if (run !== undefined) written.set(connection, run);
    return run;
  }

  return (route, answer) => {
    if (route.secret.credentials.authorizationType === 'OAUTH_CLIENT_CREDENTIALS') return undefined;
    if (isUnauthorized(answer.status)) return withPatience(refused(route, answer));
    const isSuccess = answer.status >= 200 && answer.status <= 299;
    return isSuccess ? accepted(route.connection, answer.requestedAtMs) : undefined;
  };
}

async function withoutFailure(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}
