import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryLog } from '../../ports/delivery.ts';
import type {
  DeliveryHistory,
  DeliveryRecord,
  DeliveryWithRecords,
  HistoryFilter,
  HistoryPage,
  HistoryPageRequest,
  NewConclusions,
  RecordedConclusion,
  RecordedDelivery,
} from '../../ports/history.ts';
import type { EventLog, HistoryEntry } from './history-entries.ts';
import type { HistorySummary, Periods, WaitingDeliveries } from './history-summary.ts';
import { regionsIn, summarize, waitingIn } from './history-summary.ts';
import type { Position, Row } from './history-tables.ts';
import { HistoryTables } from './history-tables.ts';
import type { HistoryLimits } from './history-writer.ts';
import { recordsAfter } from './new-records.ts';

const dayMs = 86_400_000;

/** A flood of unmatched events costs PutEvents 2 % at most: so many rows are written in 20 ms, once in a second. */
const undeliveredEveryMs = 1000;
const maxUndelivered = 1000;

/** An event that waits for its slot has a record for each time that it was received, so the records have a limit of their own. */
const defaultLimits: HistoryLimits = { deliveries: 100_000, records: 300_000, undelivered: 10_000, ageMs: 7 * dayMs };

export interface SqliteHistoryOptions {
  readonly database: DatabaseSync;
  readonly nowMs: () => number;
  /** Reports that conclusions could not be written; not again before one was written. */
  readonly reportFault: (error: unknown) => void;
  /** Default: 100,000 deliveries with 300,000 records and 10,000 undelivered events, for 7 days. */
  readonly limits?: Partial<HistoryLimits>;
}

/**
 * The delivery history of the local stack, in all regions.
 *
 * Conclusions that are recorded together are written in one transaction, in the next microtask. The answer of an invocation leaves the
 * process later, so a killed process has the conclusion of every invocation that it has answered.
 *
 * An unmatched event or a refused entry is written at once if none was written in the last second. More of them wait in memory for
 * the next write or read, at most 1,000: of a flood, the history has the last ones. A killed process loses those that wait.
 *
 * Failure policy: an event counts as settled before its conclusion is recorded. So when conclusions cannot be written, they are
 * dropped and the terminal says so; the delivery is not affected.
 */
export class SqliteDeliveryHistory implements DeliveryHistory {
  readonly #options: SqliteHistoryOptions;
  #tables: HistoryTables | undefined;
  #waiting: HistoryEntry[] = [];
  #undelivered: HistoryEntry[] = [];
  #undeliveredWrittenAtMs = Number.NEGATIVE_INFINITY;
  #fails = false;
  #closed = false;

  constructor(options: SqliteHistoryOptions) {
    this.#options = options;
  }

  /** The log that records the deliveries of one region. */
  logOf(region: string): DeliveryLog {
    return {
      record: (conclusion) => this.#add({ kind: 'concluded', region, atMs: this.#options.nowMs(), conclusion }),
    };
  }

  /** The log that records what the event bus of one region did with its events. */
  eventsOf(region: string): EventLog {
    const { nowMs } = this.#options;
    return {
      queued: (delivery) => this.#add({ kind: 'queued', region, atMs: nowMs(), delivery }),
      undelivered: (event) => this.#addUndelivered({ kind: 'undelivered', region, atMs: nowMs(), event }),
    };
  }

  async list(region: string, filter: HistoryFilter, { limit, after }: HistoryPageRequest): Promise<HistoryPage> {
    this.#flush();
    const position = after === undefined ? undefined : parsePosition(after);
    if (after !== undefined && position === undefined) return { deliveries: [] };
    const { rows, next } = this.#open().list(region, filter, this.#options.nowMs(), position, limit);
    const deliveries = rows.map(deliveryOf);
    return next === undefined ? { deliveries } : { deliveries, next: `${next.beganAtMs}-${next.number}` };
  }

  async get(region: string, eventId: string, apiDestination: string): Promise<readonly DeliveryWithRecords[]> {
    this.#flush();
    const byDelivery = new Map<unknown, Row[]>();
    for (const row of this.#open().records(region, eventId, apiDestination, this.#options.nowMs())) {
      const rows = byDelivery.get(row['number']) ?? [];
      byDelivery.set(row['number'], [...rows, row]);
    }
    return [...byDelivery.values()].flatMap((rows) => {
      const last = rows.at(-1);
      return last === undefined
        ? []
        : [{ ...deliveryOf(last), records: rows.filter((row) => row['record'] !== null).map(recordOf) }];
    });
  }

  async recordsAfter(
    region: string,
    filter: HistoryFilter,
    { limit, after = '' }: HistoryPageRequest,
  ): Promise<NewConclusions> {
    this.#flush();
    this.#open();
    const position = /^[0-9]{1,15}$/.test(after) ? Number(after) : undefined;
    const found = recordsAfter(this.#options.database, region, filter, position, limit);
    return { conclusions: found.rows.map(conclusionOf), position: String(found.position) };
  }

  /** What became of the deliveries of a region, for charts. */
  summarize(region: string, periods: Periods): HistorySummary {
    this.#flush();
    this.#open();
    return summarize(this.#options.database, region, periods, this.#oldestMs());
  }

  /** The deliveries of each region that are not over, by region. */
  waiting(): ReadonlyMap<string, WaitingDeliveries> {
    this.#flush();
    this.#open();
    const { database } = this.#options;
    return new Map(regionsIn(database).map((region) => [region, waitingIn(database, region, this.#oldestMs())]));
  }

  /** Writes what waits. Conclusions that come later are not recorded. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  /** Deliveries that began earlier are no longer in the history. */
  #oldestMs(): number {
    const { nowMs, limits } = this.#options;
    return nowMs() - (limits?.ageMs ?? defaultLimits.ageMs);
  }

  #add(entry: HistoryEntry): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0) queueMicrotask(() => this.#writeWaiting());
    this.#waiting.push(entry);
  }

  #addUndelivered(entry: HistoryEntry): void {
    if (this.#closed) return;
    if (this.#undelivered.length === maxUndelivered) this.#undelivered.shift();
    this.#undelivered.push(entry);
    if (Math.abs(entry.atMs - this.#undeliveredWrittenAtMs) < undeliveredEveryMs) return;
    this.#undeliveredWrittenAtMs = entry.atMs;
    queueMicrotask(() => this.#flush());
  }

  /** Writes everything that waits. */
  #flush(): void {
    this.#waiting.push(...this.#undelivered);
    this.#undelivered = [];
    this.#writeWaiting();
  }

  #writeWaiting(): void {
    const entries = this.#waiting;
    this.#waiting = [];
    if (entries.length === 0) return;
    try {
      this.#open().write(entries, this.#options.nowMs());
      this.#fails = false;
    } catch (error) {
      if (!this.#fails) this.#options.reportFault(error);
      this.#fails = true;
    }
  }

  #open(): HistoryTables {
    return (this.#tables ??= new HistoryTables(this.#options.database, { ...defaultLimits, ...this.#options.limits }));
  }
}

function parsePosition(text: string): Position | undefined {
  const [, beganAtMs, number] = /^([0-9]{1,15})-(-?[0-9]{1,16})$/.exec(text) ?? [];
  if (beganAtMs === undefined || number === undefined) return undefined;
  return { beganAtMs: Number(beganAtMs), number: Number(number) };
}

function deliveryOf(row: Row): RecordedDelivery {
  return { ...conclusionOf(row), beganAtMs: Number(row['beganAtMs']) };
}

function conclusionOf(row: Row): RecordedConclusion {
  const names = [
    'eventId',
    'apiDestination',
    'rule',
    'targetId',
    'eventBus',
    'source',
    'detailType',
    'traceId',
    'keptAt',
  ];
  return { ...present(row, names), last: recordOf(row) };
}

function recordOf(row: Row): DeliveryRecord {
  const optional = present(row, ['rateWaitMs', 'status', 'code', 'reason', 'answer', 'nextAttemptAtMs', 'waitsFor']);
  return {
    concludedAtMs: Number(row['concludedAtMs']),
    outcome: row['outcome'] as DeliveryRecord['outcome'],
    attempts: Number(row['attempts']),
    durationMs: Number(row['durationMs']),
    ...optional,
  };
}

/** The members of a row that are neither NULL nor an empty text. */
function present(row: Row, names: readonly string[]): object {
  return Object.fromEntries(
    names.map((name) => [name, row[name]]).filter(([, value]) => value !== null && value !== ''),
  );
}
