import type { CloudWatchLogsClient, ResultField, StartQueryCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import { GetQueryResultsCommand, StartQueryCommand, StopQueryCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Clock } from '../../ports/clock.ts';
import { isBusy, LogsQueryError, queryErrorFrom } from './errors.ts';

export interface QueryProgress {
  /** Bytes that all queries have read so far. AWS charges for them. */
  readonly bytesScanned: number;
  /** Lines that match. */
  readonly lines: number;
}

export interface LogsQueriesOptions {
  readonly client: CloudWatchLogsClient;
  readonly region: string;
  /** Groups that do not exist are left out, unless none exists. */
  readonly logGroups: readonly string[];
  readonly clock: Clock;
  /** Aborting it stops the query that runs. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: QueryProgress) => void) | undefined;
  /** The most rows of one query. */
  readonly maxRows: number;
  /** How long a query that is stopped may take to start, and then to stop. Default: 450. */
  readonly stopWithinMs?: number;
}

export interface QueryRange {
  readonly startMs: number;
  readonly endMs: number;
}

export type QueryRow = ReadonlyMap<string, string>;

export interface QueryRows {
  readonly rows: readonly QueryRow[];
  /** Whether there are as many rows as a query can have, so that there may be more. */
  readonly isFull: boolean;
}

/** Source: CloudWatch Logs API reference, GetQueryResults. Before its limit was raised, a query had at most as many rows. */
const maxRowsOfAnswer = 10_000;

/** Most queries end within a second or two. GetQueryResults may be called five times a second. */
const [firstPollMs, longestPollMs] = [250, 2000];

/** Together they wait half a minute for another query to end. */
const busyDelaysMs = [1000, 2000, 4000, 8000, 15_000];

/** Ctrl-C must end a command within a second, also when it first waits for the id of the query. */
const defaultStopWithinMs = 450;

/** Runs queries of CloudWatch Logs Insights, one after the other. */
export class LogsQueries {
  readonly #options: LogsQueriesOptions;
  #logGroups: readonly string[];
  #hasStarted = false;
  readonly #stopWithinMs: number;
  #maxRows: number;
  #total: QueryProgress = { bytesScanned: 0, lines: 0 };

  constructor(options: LogsQueriesOptions) {
    this.#options = options;
    this.#logGroups = options.logGroups;
    this.#maxRows = options.maxRows;
    this.#stopWithinMs = options.stopWithinMs ?? defaultStopWithinMs;
  }

  /**
   * The rows of a query, at most `maxRows`. The range is extended to whole seconds. StartQuery refuses a range that ends before the
   * log groups were created; it has no rows.
   *
   * Failure policy: a query that did not end by itself is stopped, because it costs money as long as it runs.
   *
   * @throws LogsQueryError, or the reason of the signal
   */
  async run(queryString: string, { startMs, endMs }: QueryRange): Promise<QueryRows> {
    const range = { startTime: Math.floor(startMs / 1000), endTime: Math.ceil(endMs / 1000) };
    const queryId = await this.#start({ ...range, queryString });
    if (queryId === undefined) return { rows: [], isFull: false };
    let ended = false;
    try {
      await this.#end(queryId);
      ended = true;
      const rows = await this.#rows(queryId);
      return { rows, isFull: rows.length >= this.#maxRows };
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      throw queryErrorFrom(error, 'logs:GetQueryResults', this.#options.region);
    } finally {
      if (!ended) await this.#stop(queryId);
    }
  }

  async #start(input: StartQueryCommandInput): Promise<string | undefined> {
    for (const delayMs of [...busyDelaysMs, undefined]) {
      this.#options.signal?.throwIfAborted();
      try {
        const queryId = await this.#startInGroups(input);
        this.#hasStarted = true;
        return queryId;
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        if (isWrongParameter(error) && this.#maxRows > maxRowsOfAnswer) {
          this.#maxRows = maxRowsOfAnswer;
          return await this.#start(input);
        }
        // The queries differ in their values and times only. So if one was accepted, this one can only be for a time too long ago.
        if (this.#hasStarted && error instanceof Error && error.name === 'MalformedQueryException') return undefined;
        if (!isBusy(error) || delayMs === undefined)
          throw queryErrorFrom(error, 'logs:StartQuery', this.#options.region);
      }
      await this.#options.clock.delay(delayMs, this.#options.signal);
    }
    throw new LogsQueryError('The query did not start.');
  }

  /** A function that never ran may have no log group. Then the query runs over the other groups. */
  async #startInGroups(input: StartQueryCommandInput): Promise<string> {
    try {
      return await this.#startOnce({ ...input, logGroupNames: [...this.#logGroups] });
    } catch (error) {
      if (!isMissingGroup(error)) throw error;
    }
    for (const group of this.#logGroups.length > 1 ? this.#logGroups : []) {
      try {
        const queryId = await this.#startOnce({ ...input, logGroupNames: [group] });
        this.#logGroups = [group];
        return queryId;
      } catch (error) {
        if (!isMissingGroup(error)) throw error;
      }
    }
    const names = this.#options.logGroups.join(' and ');
    throw new LogsQueryError(
      `${this.#options.region} has no log group ${names}. Check the stage, the region and the account of the credentials. The groups exist after the first deployment.`,
    );
  }

  /** An abort must not lose the id of a query that starts at this moment. So the call goes on, and the query is stopped. */
  async #startOnce(input: StartQueryCommandInput): Promise<string> {
    const { client, signal } = this.#options;
    const command = new StartQueryCommand({ ...input, limit: this.#maxRows });
    const starting = client.send(command).then(({ queryId = '' }) => queryId);
    const aborted = Promise.withResolvers<never>();
    const giveUp = () => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([starting, aborted.promise]);
    } catch (error) {
      if (signal?.aborted === true) await this.#stopWhenStarted(starting);
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  async #stopWhenStarted(starting: Promise<string>): Promise<void> {
    const limit = AbortSignal.timeout(this.#stopWithinMs);
    const timeout = new Promise<undefined>((resolve) => limit.addEventListener('abort', () => resolve(undefined)));
    const queryId = await Promise.race([starting.catch(() => undefined), timeout]);
    if (queryId !== undefined) await this.#stop(queryId);
  }

  /** Resolves when the query is complete. Asks for one row only, because the rows come later. */
  async #end(queryId: string): Promise<void> {
    const { client, clock, signal } = this.#options;
    for (let delayMs = firstPollMs; ; delayMs = Math.min(delayMs * 1.5, longestPollMs)) {
      const command = new GetQueryResultsCommand({ queryId, maxItems: 1 });
      const { status, statistics } = await client.send(command, { ...(signal && { abortSignal: signal }) });
      const { bytesScanned = 0, recordsMatched = 0 } = statistics ?? {};
      const { bytesScanned: bytesBefore, lines } = this.#total;
      const total = { bytesScanned: bytesBefore + bytesScanned, lines: lines + recordsMatched };
      this.#options.onProgress?.(total);
      if (status === 'Complete') this.#total = total;
      if (status === 'Complete') return;
      if (status !== 'Running' && status !== 'Scheduled') throw new LogsQueryError(whyEnded(status));
      await clock.delay(delayMs, signal);
    }
  }

  async #rows(queryId: string): Promise<readonly QueryRow[]> {
    const { client, signal } = this.#options;
    const rows: QueryRow[] = [];
    let nextToken: string | undefined;
    do {
      const command = new GetQueryResultsCommand({ queryId, maxItems: maxRowsOfAnswer, nextToken });
      const answer = await client.send(command, { ...(signal && { abortSignal: signal }) });
      for (const row of answer.results ?? []) rows.push(rowOf(row));
      nextToken = answer.nextToken;
    } while (nextToken !== undefined);
    return rows;
  }

  /** Never rejects: the query ends by itself when it is done. */
  async #stop(queryId: string): Promise<void> {
    const abortSignal = AbortSignal.timeout(this.#stopWithinMs);
    await this.#options.client.send(new StopQueryCommand({ queryId }), { abortSignal }).catch(() => {});
  }
}

/** A region in which a query still has at most 10,000 rows answers with this error. */
function isWrongParameter(error: unknown): boolean {
  return error instanceof Error && error.name === 'InvalidParameterException';
}

function isMissingGroup(error: unknown): boolean {
  return error instanceof Error && error.name === 'ResourceNotFoundException';
}

function rowOf(fields: readonly ResultField[]): QueryRow {
  return new Map(fields.map(({ field = '', value = '' }) => [field, value]));
}

function whyEnded(status: string | undefined): string {
  if (status === 'Cancelled')
    return 'Somebody stopped the query in Logs Insights, for example in the AWS console. Run the command again.';
  if (status === 'Timeout')
    return 'The query ran too long, and Logs Insights ended it. Search less time with --after and --before, or one event or API destination.';
  return `The query failed in Logs Insights (status ${status ?? 'missing'}). Run the command again. If it fails again, search less time with --after and --before.`;
}
