import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { HistoryFilter } from '../../ports/history.ts';
import { Statements } from '../atomically.ts';
import { conditionsOf, likePattern } from './history-conditions.ts';
import type { HistoryEntry } from './history-entries.ts';
import type { HistoryLimits } from './history-writer.ts';
import { HistoryWriter } from './history-writer.ts';

/*
 * One delivery has one row in history_deliveries, with outcome, code and status of its last record. `hasText` is 1 when one of its
 * records has a reason or an answer. In the key, a name that the input did not have is an empty text. Only the id of an event is NULL
 * if the input has none, so each of these inputs is a delivery of its own.
 *
 * A delivery that waits for its first invocation has no record. An event that no rule matched and an entry that was refused have a
 * row with a negative number and without records: they have an event bus and a reason, and no API destination.
 *
 * One index answers every filter: it has all columns that filters compare, so a page reads the rows of its own deliveries only.
 */
const deliveriesTable = `history_deliveries (
  number INTEGER PRIMARY KEY, region TEXT NOT NULL, eventId TEXT, apiDestination TEXT NOT NULL, rule TEXT NOT NULL,
  targetId TEXT NOT NULL, eventBus TEXT NOT NULL, ruleName TEXT NOT NULL, source TEXT, detailType TEXT, traceId TEXT, keptAt TEXT,
  beganAtMs INTEGER NOT NULL,
  outcome TEXT NOT NULL, code TEXT, status INTEGER, reason TEXT, hasText INTEGER NOT NULL, lastRecord INTEGER)`;
const recordsTable = `history_records (
  number INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, concludedAtMs INTEGER NOT NULL, outcome TEXT NOT NULL, attempts INTEGER NOT NULL,
  durationMs REAL NOT NULL, rateWaitMs REAL, status INTEGER, code TEXT, reason TEXT, answer TEXT, nextAttemptAtMs INTEGER,
  waitsFor TEXT)`;
const schema = `
CREATE TABLE IF NOT EXISTS ${deliveriesTable};
CREATE UNIQUE INDEX IF NOT EXISTS history_deliveries_by_event ON history_deliveries (region, eventId, apiDestination, rule, targetId, eventBus);
CREATE INDEX IF NOT EXISTS history_deliveries_by_time ON history_deliveries (
  region, beganAtMs, apiDestination, ruleName, outcome, code, status, hasText);
CREATE TABLE IF NOT EXISTS ${recordsTable};
CREATE INDEX IF NOT EXISTS history_records_by_delivery ON history_records (delivery);`;

/**
 * A data folder may have the tables of an earlier version, with other columns. They are dropped, because the history is only for
 * people who look for a recent delivery. No event depends on it.
 */
function openTables(database: DatabaseSync): void {
  const known = database
    .prepare("SELECT sql FROM sqlite_schema WHERE name IN ('history_deliveries', 'history_records')")
    .all();
  const current = [deliveriesTable, recordsTable].map((table) => `CREATE TABLE ${table}`);
  if (known.some(({ sql }) => !current.includes(String(sql))))
    database.exec('DROP TABLE IF EXISTS history_deliveries; DROP TABLE IF EXISTS history_records');
  database.exec(schema);
}

export type Row = Readonly<Record<string, unknown>>;

/** The position of a delivery in a list. */
export interface Position {
  readonly beganAtMs: number;
  readonly number: number;
}

export interface Page {
  readonly rows: readonly Row[];
  /** The delivery after which the next page begins; absent on the last page. */
  readonly next?: Position;
}

interface Query {
  readonly from: string;
  readonly where: string;
  readonly values: readonly SQLInputValue[];
}

/**
 * How many records a page searches for a text. It takes 10 to 20 ms, in which the stack does nothing else. A page that ends there
 * may have few deliveries or none.
 */
const searchedAtOnce = 2500;

const newestFirst = 'ORDER BY d.beganAtMs DESC, d.number DESC';
const columns = `d.number, d.eventId, d.apiDestination, d.rule, d.targetId, d.eventBus, d.source, d.detailType, d.traceId, d.keptAt,
  d.beganAtMs, r.number AS record, coalesce(r.concludedAtMs, d.beganAtMs) AS concludedAtMs,
  coalesce(r.outcome, d.outcome) AS outcome, coalesce(r.attempts, 0) AS attempts, coalesce(r.durationMs, 0) AS durationMs,
  r.rateWaitMs, r.status, coalesce(r.code, d.code) AS code, coalesce(r.reason, d.reason) AS reason, r.answer, r.nextAttemptAtMs,
  r.waitsFor`;

/** The tables of the delivery history in SQLite. All calls are synchronous. */
export class HistoryTables {
  readonly #statements: Statements;
  readonly #writer: HistoryWriter;
  readonly #ageMs: number;

  constructor(database: DatabaseSync, limits: HistoryLimits) {
    openTables(database);
    this.#statements = new Statements(database);
    this.#writer = new HistoryWriter(database, this.#statements, limits);
    this.#ageMs = limits.ageMs;
  }

  write(entries: readonly HistoryEntry[], nowMs: number): void {
    this.#writer.write(entries, nowMs);
  }

  /** Deliveries with their last record, those that began last first. */
  list(region: string, filter: HistoryFilter, nowMs: number, after: Position | undefined, limit: number): Page {
    const { sql, values } = conditionsOf(region, filter, nowMs - this.#ageMs);
    const index = filter.eventId === undefined ? 'history_deliveries_by_time' : 'history_deliveries_by_event';
    const from = `history_deliveries AS d INDEXED BY ${index}`;
    const where = after === undefined ? sql : `${sql} AND (d.beganAtMs, d.number) < (?, ?)`;
    const position = after === undefined ? [] : [after.beganAtMs, after.number];
    const query = { from, where, values: [...values, ...position] };
    if (filter.text !== undefined) return this.#search(query, likePattern(filter.text), limit);
    const page = `SELECT d.* FROM ${from} WHERE ${where} ${newestFirst} LIMIT ?`;
    const rows = this.#statements
      .of(`SELECT ${columns} FROM (${page}) AS d
      LEFT JOIN history_records AS r ON r.number = d.lastRecord ${newestFirst}`)
      .all(...query.values, limit + 1);
    const last = rows[limit - 1];
    return rows.length > limit && last !== undefined
      ? { rows: rows.slice(0, limit), next: positionOf(last) }
      : { rows };
  }

  /** Reads the records of the deliveries one by one. No index finds a part of a text; see `searchedAtOnce`. */
  #search({ from, where, values }: Query, pattern: string, limit: number): Page {
    const sql = `SELECT d.number, d.beganAtMs,
        coalesce(r.reason, d.reason) LIKE ? ESCAPE '\\' OR r.answer LIKE ? ESCAPE '\\' AS matches
      FROM ${from} LEFT JOIN history_records AS r ON r.delivery = d.number WHERE ${where} ${newestFirst}`;
    const found: number[] = [];
    let searched = 0;
    let last: Position | undefined;
    let next: Position | undefined;
    for (const row of this.#statements.of(sql).iterate(pattern, pattern, ...values)) {
      const position = positionOf(row);
      if (
        last !== undefined &&
        position.number !== last.number &&
        (found.length === limit || searched >= searchedAtOnce)
      ) {
        next = last;
        break;
      }
      last = position;
      searched += 1;
      if (row['matches'] === 1 && found.at(-1) !== position.number) found.push(position.number);
    }
    const rows = this.#statements
      .of(`SELECT ${columns} FROM history_deliveries AS d
      LEFT JOIN history_records AS r ON r.number = d.lastRecord
      WHERE d.number IN (SELECT value FROM json_each(?)) ${newestFirst}`)
      .all(JSON.stringify(found));
    return next === undefined ? { rows } : { rows, next };
  }

  /** All records of the deliveries of one event to one API destination; those of one delivery are together, in their order. */
  records(region: string, eventId: string, apiDestination: string, nowMs: number): readonly Row[] {
    const sql = `SELECT ${columns} FROM history_deliveries AS d
      LEFT JOIN history_records AS r ON r.delivery = d.number
      WHERE d.region = ? AND d.eventId = ? AND d.apiDestination = ? AND d.beganAtMs >= ? ORDER BY d.number, r.number`;
    return this.#statements.of(sql).all(region, eventId, apiDestination, nowMs - this.#ageMs);
  }
}

function positionOf(row: Row): Position {
  return { beganAtMs: Number(row['beganAtMs']), number: Number(row['number']) };
}
