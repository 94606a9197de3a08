import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { LineConditions } from '../../core/delivery/line-conditions.ts';
import { lineFilter } from '../../core/delivery/line-conditions.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  DeliveryHistory,
  DeliveryWithRecords,
  HistoryFilter,
  HistoryPage,
  HistoryPageRequest,
  NewConclusions,
  RecordedConclusion,
} from '../../ports/history.ts';
import type { DeliveryLine } from './delivery-lines.ts';
import { deliveriesIn, matches, parseLine, timeIn } from './delivery-lines.ts';
import { NewLines } from './new-lines.ts';
import type { QueryProgress, QueryRange } from './query.ts';
import { LogsQueries } from './query.ts';

const dayMs = 86_400_000;

/** As long as the local stack keeps its history. Each query names its times, because AWS charges for each byte that it reads. */
const defaultRangeMs = 7 * dayMs;

/** Source: CloudWatch Logs API reference, StartQuery. */
const defaultMaxRows = 100_000;

/** The most lines that one search keeps in memory. */
const defaultMaxLines = 300_000;

/** The clock of this machine may be behind that of AWS. */
const clockAllowanceMs = 300_000;

/** An event is delivered for at most a day. Source: EventBridge API reference, RetryPolicy. */
const maxDeliveryMs = dayMs;

/** Up to this number of events, the lines of each are found by its id. A search for more reads all lines. */
const maxLookups = 1000;

/** A query may have 10,000 characters. Source: CloudWatch Logs API reference, StartQuery. */
const maxIdCharacters = 8000;

export interface LogsHistoryOptions {
  readonly clientOf: (region: string) => CloudWatchLogsClient;
  /** The log groups of the functions that deliver. */
  readonly logGroups: readonly string[];
  readonly clock: Clock;
  /** Aborting it stops the query that runs; the call then rejects with its reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: QueryProgress) => void;
  /** Reports that a search left out lines before this time, because there are too many. */
  readonly onCut?: (oldestMs: number) => void;
  /** The most lines of one search. Default: 300,000. */
  readonly maxLines?: number;
  /** The most rows of one query. Default: 100,000, the limit of Logs Insights. */
  readonly maxRows?: number;
  readonly stopWithinMs?: number;
}

interface FollowedLines {
  readonly lines: NewLines;
  /** Found, but not given out yet. */
  readonly waiting: RecordedConclusion[];
}

interface FoundLines {
  readonly lines: ReadonlyMap<string, DeliveryLine>;
  readonly oldestMs?: number;
}

/**
 * The delivery history of a deployed stack: its log lines, read with CloudWatch Logs Insights.
 *
 * A query can compare single lines only, but a filter means deliveries. So the lines come unchanged, and this class groups them. It
 * searches from the beginning of the time range to now, because the last line of a delivery may be much later than its first. When the
 * filter compares the last record, one query finds the events that have such a line, and another one all lines of these events.
 *
 * `next` and positions are valid for this object only: they go on in what the first call has found.
 */
export class LogsDeliveryHistory implements DeliveryHistory {
  readonly #options: LogsHistoryOptions;
  readonly #queries = new Map<string, LogsQueries>();
  readonly #listings: (readonly DeliveryWithRecords[])[] = [];
  readonly #followed: FollowedLines[] = [];
  /** When deliveries began that a list has found. `get` need not search before. */
  readonly #began = new Map<string, number>();

  constructor(options: LogsHistoryOptions) {
    this.#options = options;
  }

  async list(region: string, filter: HistoryFilter, { limit, after }: HistoryPageRequest): Promise<HistoryPage> {
    if (after === undefined) return this.#page(this.#listings.push(await this.#find(region, filter)) - 1, 0, limit);
    const [, listing, from] = /^([0-9]{1,9})-([0-9]{1,9})$/.exec(after) ?? [];
    return this.#page(Number(listing), Number(from), limit);
  }

  async get(region: string, eventId: string, apiDestination: string): Promise<readonly DeliveryWithRecords[]> {
    const range = this.#rangeOf({});
    const startMs = this.#began.get(JSON.stringify([region, eventId, apiDestination])) ?? range.startMs;
    const { lines } = await this.#read(region, { eventId, apiDestination }, { ...range, startMs });
    return deliveriesIn(lines.values()).filter((delivery) => matches(delivery, { eventId, apiDestination }));
  }

  async recordsAfter(region: string, filter: HistoryFilter, page: HistoryPageRequest): Promise<NewConclusions> {
    const { limit, after = '' } = page;
    const position = /^[0-9]{1,9}$/.test(after) && after in this.#followed ? after : String(this.#followed.length);
    const followed = (this.#followed[Number(position)] ??= this.#follow(region));
    const { endMs } = this.#rangeOf({});
    followed.waiting.push(...(await followed.lines.since(filter, { startMs: this.#options.clock.nowMs(), endMs })));
    return { conclusions: followed.waiting.splice(0, limit), position };
  }

  #follow(region: string): FollowedLines {
    const read = async (conditions: LineConditions, range: QueryRange) =>
      (await this.#read(region, conditions, range)).lines.values();
    return { lines: new NewLines(read), waiting: [] };
  }

  #page(listing: number, from: number, limit: number): HistoryPage {
    const deliveries = this.#listings[listing] ?? [];
    const shown = deliveries.slice(from, from + limit).map(({ records: _all, ...delivery }) => delivery);
    const end = from + limit;
    return { deliveries: shown, ...(end < deliveries.length && { next: `${listing}-${end}` }) };
  }

  async #find(region: string, filter: HistoryFilter): Promise<readonly DeliveryWithRecords[]> {
    const { lines, oldestMs } = await this.#linesFor(region, filter);
    if (oldestMs !== undefined) this.#options.onCut?.(oldestMs);
    const beginsInside = oldestMs !== undefined || filter.afterMs !== undefined;
    const found = deliveriesIn(lines).filter(
      (delivery) => matches(delivery, filter) && !(beginsInside && beganBefore(delivery)),
    );
    if (oldestMs === undefined) this.#remember(region, found);
    return found.reverse();
  }

  async #linesFor(
    region: string,
    filter: HistoryFilter,
  ): Promise<{ readonly lines: Iterable<DeliveryLine>; readonly oldestMs?: number }> {
    const { eventId, apiDestination, rule, outcome, code, status, text, afterMs } = filter;
    const ofDelivery = withoutUndefined({ eventId, apiDestination, rule });
    const ofLast = withoutUndefined({ outcome, code, status });
    const range = this.#rangeOf(filter);
    const ofRecord = Object.keys(ofLast).length > 0 ? ofLast : withoutUndefined({ text });
    if (eventId === undefined && Object.keys(ofRecord).length > 0) {
      const some = await this.#read(region, { ...ofDelivery, ...ofRecord }, range);
      const ids = new Set([...some.lines.values()].flatMap(({ names }) => names.eventId ?? []));
      if (some.oldestMs === undefined && ids.size <= maxLookups) {
        const unnamed = [...some.lines.values()].filter(({ names }) => names.eventId === undefined);
        return {
          lines: [...unnamed, ...(await this.#linesOf(region, ofDelivery, [...ids], withDayBefore(range, afterMs)))],
        };
      }
    }
    const { lines, oldestMs } = await this.#read(region, ofDelivery, range);
    if (afterMs === undefined || oldestMs !== undefined)
      return { lines: lines.values(), ...(oldestMs !== undefined && { oldestMs }) };
    const before = { startMs: afterMs - maxDeliveryMs, endMs: afterMs };
    const earlier = await this.#read(region, { ...ofDelivery, exceptOutcome: 'delivered', beforeMs: afterMs }, before);
    return { lines: [...earlier.lines.values(), ...lines.values()] };
  }

  async #linesOf(
    region: string,
    conditions: LineConditions,
    ids: readonly string[],
    range: QueryRange,
  ): Promise<readonly DeliveryLine[]> {
    const lines: DeliveryLine[] = [];
    for (const eventIds of inBatches(ids)) {
      const found = await this.#read(region, { ...conditions, eventIds }, range);
      lines.push(...found.lines.values());
    }
    return lines;
  }

  /** The newest lines. A query that has as many rows as a query can have is followed by one for the time before its last row. */
  async #read(region: string, conditions: LineConditions, range: QueryRange): Promise<FoundLines> {
    const { maxLines = defaultMaxLines } = this.#options;
    const lines = new Map<string, DeliveryLine>();
    for (let { endMs } = range, bounds = {}; ; ) {
      const query = `fields @timestamp, @message | ${lineFilter({ ...conditions, ...bounds })} | sort @timestamp desc`;
      const { rows, isFull } = await this.#queriesOf(region).run(query, { ...range, endMs });
      const known = lines.size;
      for (const line of rows.flatMap((row) => parseLine(row) ?? [])) lines.set(line.pointer, line);
      const oldestMs = rows.at(-1) && timeIn(rows.at(-1) ?? new Map());
      if (!isFull || oldestMs === undefined) return { lines };
      if (lines.size >= maxLines) return { lines, oldestMs };
      // More lines of this millisecond may follow. If the query found only known lines, they are too many for one query.
      endMs = lines.size > known ? oldestMs : oldestMs - 1;
      bounds = { beforeMs: endMs + 1 };
    }
  }

  #queriesOf(region: string): LogsQueries {
    const { clientOf, maxRows = defaultMaxRows, ...options } = this.#options;
    const queries =
      this.#queries.get(region) ?? new LogsQueries({ ...options, maxRows, region, client: clientOf(region) });
    this.#queries.set(region, queries);
    return queries;
  }

  #rangeOf({ afterMs, beforeMs }: HistoryFilter): QueryRange {
    const nowMs = this.#options.clock.nowMs();
    const startMs = afterMs ?? Math.min(nowMs, beforeMs ?? nowMs) - defaultRangeMs;
    return { startMs, endMs: Math.max(nowMs, startMs) + clockAllowanceMs };
  }

  #remember(region: string, deliveries: readonly DeliveryWithRecords[]): void {
    for (const { eventId, apiDestination, beganAtMs } of deliveries) {
      const key = JSON.stringify([region, eventId, apiDestination]);
      this.#began.set(key, Math.min(this.#began.get(key) ?? beganAtMs, beganAtMs));
    }
  }
}

/** Every delivery begins with a wait or its first attempt. So a delivery whose first known record is of a later attempt began before. */
function beganBefore({ records }: DeliveryWithRecords): boolean {
  return (records[0]?.attempts ?? 0) > 1;
}

/** A delivery that began before the range does not belong to it. To recognize it, its earlier lines are read too. */
function withDayBefore(range: QueryRange, afterMs: number | undefined): QueryRange {
  return afterMs === undefined ? range : { ...range, startMs: afterMs - maxDeliveryMs };
}

function inBatches(ids: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const id of ids) {
    const size = JSON.stringify(id).length + 2;
    if (characters + size > maxIdCharacters) {
      batches.push([]);
      characters = 0;
    }
    batches.at(-1)?.push(id);
    characters += size;
  }
  return batches;
}
