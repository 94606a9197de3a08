import type { DatabaseSync } from 'node:sqlite';
import type { Row } from './history-tables.ts';

/** Periods of the same length, one after the other. */
export interface Periods {
  readonly beginMs: number;
  readonly periodMs: number;
  readonly count: number;
}

/** What became of the deliveries that began in each period. */
export interface HistorySummary extends WaitingDeliveries {
  readonly delivered: readonly number[];
  readonly deadLettered: readonly number[];
  /** Of deliveries, without their waits for the rate; null for a period without deliveries. */
  readonly p50Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
}

export interface WaitingDeliveries {
  /** Deliveries that are not over, also those that began before the periods of a summary. */
  readonly waiting: number;
  readonly oldestBeganAtMs?: number;
  /** API destinations whose deliveries wait for a probe of their endpoint. */
  readonly openCircuits: number;
}

/**
 * Of how many deliveries the times are read. Each takes two reads by a key, 2 to 4 microseconds in all, in which the stack does
 * nothing else. If there are more, every second or third of them is read, and so on.
 */
const sampledDeliveries = 5000;

const byTime = 'history_deliveries AS d INDEXED BY history_deliveries_by_time';

/**
 * Everything is counted in the index by time, which has all columns that are compared. A statement for each period takes a quarter of
 * the time of one that groups by periods, because nothing is sorted.
 */
export function summarize(
  database: DatabaseSync,
  region: string,
  { beginMs, periodMs, count }: Periods,
  oldestMs: number,
): HistorySummary {
  const within = 'd.region = ? AND d.beganAtMs >= ? AND d.beganAtMs < ?';
  const counting = database.prepare(
    `SELECT total(d.outcome = 'delivered') AS delivered, total(d.outcome = 'dead-lettered') AS deadLettered
      FROM ${byTime} WHERE ${within}`,
  );
  const counts = Array.from({ length: count }, (_, period) => {
    const fromMs = beginMs + period * periodMs;
    return counting.get(region, fromMs, fromMs + periodMs);
  });
  const delivered = counts.map((row) => Number(row?.['delivered']));
  const total = delivered.reduce((sum, each) => sum + each, 0);
  const every = Math.max(1, Math.ceil(total / sampledDeliveries));
  const times = database
    .prepare(
      `SELECT CAST((d.beganAtMs - ?) / ? AS INTEGER) AS period, r.durationMs - coalesce(r.rateWaitMs, 0) AS ms FROM ${byTime}
        JOIN history_records AS r ON r.number = d.lastRecord
        WHERE ${within} AND d.outcome = 'delivered' AND d.number % ? = 0`,
    )
    .all(beginMs, periodMs, region, beginMs, beginMs + count * periodMs, every);
  return {
    delivered,
    deadLettered: counts.map((row) => Number(row?.['deadLettered'])),
    ...percentiles(times, count),
    ...waitingIn(database, region, oldestMs),
  };
}

function percentiles(times: readonly Row[], count: number): Pick<HistorySummary, 'p50Ms' | 'p99Ms'> {
  const ofPeriods = Array.from({ length: count }, (): number[] => []);
  for (const { period, ms } of times) ofPeriods[Number(period)]?.push(Number(ms));
  for (const ofPeriod of ofPeriods) ofPeriod.sort((one, other) => one - other);
  return {
    p50Ms: ofPeriods.map((each) => percentile(each, 0.5)),
    p99Ms: ofPeriods.map((each) => percentile(each, 0.99)),
  };
}

/** The smallest value that is at least as large as this part of all values. */
function percentile(sorted: readonly number[], part: number): number | null {
  return sorted[Math.ceil(sorted.length * part) - 1] ?? null;
}

/** The regions that have deliveries. Each takes one search in the index, however many deliveries there are. */
export function regionsIn(database: DatabaseSync): readonly string[] {
  const next = database.prepare('SELECT min(region) AS region FROM history_deliveries WHERE region > ?');
  const regions: string[] = [];
  for (;;) {
    const region = next.get(regions.at(-1) ?? '')?.['region'];
    if (typeof region !== 'string') return regions;
    regions.push(region);
  }
}

/** @param oldestMs deliveries that began earlier do not count */
export function waitingIn(database: DatabaseSync, region: string, oldestMs: number): WaitingDeliveries {
  const row = database
    .prepare(
      `SELECT count(*) AS waiting, min(d.beganAtMs) AS oldest,
          count(DISTINCT CASE WHEN r.waitsFor = 'circuit' THEN d.apiDestination END) AS open
        FROM ${byTime} LEFT JOIN history_records AS r ON r.number = d.lastRecord
        WHERE d.region = ? AND d.beganAtMs >= ? AND d.outcome IN ('waiting', 'deferred', 'returned')`,
    )
    .get(region, oldestMs);
  const oldest = row?.['oldest'];
  return {
    waiting: Number(row?.['waiting']),
    openCircuits: Number(row?.['open']),
    ...(typeof oldest === 'number' && { oldestBeganAtMs: oldest }),
  };
}
