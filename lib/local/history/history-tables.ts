import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Conclusion } from '../../core/delivery/delivery.ts';
import { parseEventsArn } from '../../core/destination/arn.ts';
import type { HistoryFilter } from '../../ports/history.ts';
import { atomically } from '../atomically.ts';
import { conditionsOf, likePattern, nameOfRule } from './history-conditions.ts';

/*
 * One delivery has one row in history_deliveries, with outcome, code and status of its last record. A name that the input did not
 * have is an empty text in the key. Inputs that name no event have a NULL there, so each of them is a delivery of its own. `hasText` is 1 when one of its records has a reason or an answer.
 *
 * One index answers every filter: it has all columns that filters compare, so a page reads the rows of its own deliveries only.
 */
const schema = `
CREATE TABLE IF NOT EXISTS history_deliveries (
  number INTEGER PRIMARY KEY, region TEXT NOT NULL, eventId TEXT, apiDestination TEXT NOT NULL, rule TEXT NOT NULL,
  targetId TEXT NOT NULL, ruleName TEXT NOT NULL, source TEXT, detailType TEXT, traceId TEXT, keptAt TEXT,
  firstConcludedAtMs INTEGER NOT NULL, outcome TEXT NOT NULL, code TEXT, status INTEGER, hasText INTEGER NOT NULL, lastRecord INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS history_deliveries_by_event ON history_deliveries (region, eventId, apiDestination, rule, targetId);
CREATE INDEX IF NOT EXISTS history_deliveries_by_time ON history_deliveries (
  region, firstConcludedAtMs, apiDestination, ruleName, outcome, code, status, hasText);
CREATE TABLE IF NOT EXISTS history_records (
  number INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, concludedAtMs INTEGER NOT NULL, outcome TEXT NOT NULL, attempts INTEGER NOT NULL,
  durationMs REAL NOT NULL, rateWaitMs REAL, status INTEGER, code TEXT, reason TEXT, answer TEXT, nextAttemptAtMs INTEGER,
  waitsFor TEXT);
CREATE INDEX IF NOT EXISTS history_records_by_delivery ON history_records (delivery);`;

export type Row = Readonly<Record<string, unknown>>;

export interface ConcludedDelivery {
  readonly region: string;
  readonly concludedAtMs: number;
  readonly conclusion: Conclusion;
}

/** The position of a delivery in a list. */
export interface Position {
  readonly firstConcludedAtMs: number;
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

export interface HistoryLimits {
  readonly deliveries: number;
  readonly records: number;
  readonly ageMs: number;
}

/** How many deliveries one call of `prune` looks at because of their age. */
const agedAtOnce = 100;

/**
 * How many records a page searches for a text. It takes 10 to 20 ms, in which the stack does nothing else. A page that ends there
 * may have few deliveries or none.
 */
const searchedAtOnce = 2500;

const newestFirst = 'ORDER BY d.firstConcludedAtMs DESC, d.number DESC';
const recordColumns =
  'r.concludedAtMs, r.outcome, r.attempts, r.durationMs, r.rateWaitMs, r.status, r.code, r.reason, r.answer, r.nextAttemptAtMs, r.waitsFor';
const deliveryColumns =
  'd.number, d.eventId, d.apiDestination, d.rule, d.targetId, d.source, d.detailType, d.traceId, d.keptAt, d.firstConcludedAtMs';

/** The tables of the delivery history in SQLite. All calls are synchronous. */
export class HistoryTables {
  readonly #database: DatabaseSync;
  readonly #limits: HistoryLimits;
  readonly #prepared = new Map<string, StatementSync>();
  #deliveries: number;
  #records: number;

  constructor(database: DatabaseSync, limits: HistoryLimits) {
    this.#database = database;
    this.#limits = limits;
    database.exec(schema);
    this.#deliveries = this.#count('history_deliveries');
    this.#records = this.#count('history_records');
  }

  /** Writes all of them in one transaction, and removes as many old deliveries as are too many. */
  write(concluded: readonly ConcludedDelivery[], nowMs: number): void {
    const counts = [this.#deliveries, this.#records] as const;
    try {
      atomically(this.#database, () => {
        for (const each of concluded) this.#writeOne(each);
        this.#prune(nowMs);
      });
    } catch (error) {
      [this.#deliveries, this.#records] = counts;
      throw error;
    }
  }

  /** Deliveries with their last record, those that began last first. */
  list(region: string, filter: HistoryFilter, nowMs: number, after: Position | undefined, limit: number): Page {
    const { sql, values } = conditionsOf(region, filter, nowMs - this.#limits.ageMs);
    const index = filter.eventId === undefined ? 'history_deliveries_by_time' : 'history_deliveries_by_event';
    const from = `history_deliveries AS d INDEXED BY ${index}`;
    const where = after === undefined ? sql : `${sql} AND (d.firstConcludedAtMs, d.number) < (?, ?)`;
    const position = after === undefined ? [] : [after.firstConcludedAtMs, after.number];
    const query = { from, where, values: [...values, ...position] };
    if (filter.text !== undefined) return this.#search(query, likePattern(filter.text), limit);
    const page = `SELECT d.* FROM ${from} WHERE ${where} ${newestFirst} LIMIT ?`;
    const rows = this.#statement(`SELECT ${deliveryColumns}, ${recordColumns} FROM (${page}) AS d
      JOIN history_records AS r ON r.number = d.lastRecord ${newestFirst}`).all(...query.values, limit + 1);
    const last = rows[limit - 1];
    return rows.length > limit && last !== undefined
      ? { rows: rows.slice(0, limit), next: positionOf(last) }
      : { rows };
  }

  /** Reads the records of the deliveries one by one. No index finds a part of a text; see `searchedAtOnce`. */
  #search({ from, where, values }: Query, pattern: string, limit: number): Page {
    const sql = `SELECT d.number, d.firstConcludedAtMs,
        r.reason LIKE ? ESCAPE '\\' OR r.answer LIKE ? ESCAPE '\\' AS matches
      FROM ${from} CROSS JOIN history_records AS r ON r.delivery = d.number WHERE ${where} ${newestFirst}`;
    const found: number[] = [];
    let searched = 0;
    let last: Position | undefined;
    let next: Position | undefined;
    for (const row of this.#statement(sql).iterate(pattern, pattern, ...values)) {
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
    const rows = this.#statement(`SELECT ${deliveryColumns}, ${recordColumns} FROM history_deliveries AS d
      JOIN history_records AS r ON r.number = d.lastRecord
      WHERE d.number IN (SELECT value FROM json_each(?)) ${newestFirst}`).all(JSON.stringify(found));
    return next === undefined ? { rows } : { rows, next };
  }

  /** All records of the deliveries of one event to one API destination; those of one delivery are together, in their order. */
  records(region: string, eventId: string, apiDestination: string, nowMs: number): readonly Row[] {
    const sql = `SELECT ${deliveryColumns}, ${recordColumns} FROM history_deliveries AS d
      JOIN history_records AS r ON r.delivery = d.number
      WHERE d.region = ? AND d.eventId = ? AND d.apiDestination = ? AND d.firstConcludedAtMs >= ? ORDER BY d.number, r.number`;
    return this.#statement(sql).all(region, eventId, apiDestination, nowMs - this.#limits.ageMs);
  }

  #writeOne({ region, concludedAtMs, conclusion }: ConcludedDelivery): void {
    const { eventId, apiDestination = '', rule = '', targetId = '', source, detailType, traceId, kept } = conclusion;
    const { settlement, code, status, attempts, durationMs, rateWaitMs, reason, answer, nextAttemptAtMs, waitsFor } =
      conclusion;
    const outcome = settlement.kind;
    const endedAtMs = Math.floor(concludedAtMs);
    const destination = parseEventsArn(apiDestination)?.name ?? apiDestination;
    const key = [region, eventId || null, destination, rule, targetId];
    const found = this.#statement(
      'SELECT number FROM history_deliveries WHERE region = ? AND eventId = ? AND apiDestination = ? AND rule = ? AND targetId = ?',
    ).get(...key)?.['number'];
    const delivery = found === undefined ? this.#nextNumber() : Number(found);
    const facts = [durationMs, rateWaitMs ?? null, status ?? null, code ?? null, reason ?? null, answer ?? null];
    const { lastInsertRowid: record } = this.#statement(
      `INSERT INTO history_records (delivery, concludedAtMs, outcome, attempts, durationMs, rateWaitMs, status, code, reason, answer,
        nextAttemptAtMs, waitsFor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(delivery, endedAtMs, outcome, attempts, ...facts, nextAttemptAtMs ?? null, waitsFor ?? null);
    this.#records += 1;
    const hasText = reason === undefined && answer === undefined ? 0 : 1;
    const last = [outcome, code ?? null, status ?? null, hasText, record];
    if (found !== undefined) {
      const sql = `UPDATE history_deliveries SET outcome = ?, code = ?, status = ?, hasText = max(hasText, ?), lastRecord = ?,
        keptAt = coalesce(?, keptAt) WHERE number = ?`;
      this.#statement(sql).run(...last, kept ?? null, delivery);
      return;
    }
    this.#statement(
      `INSERT INTO history_deliveries (number, region, eventId, apiDestination, rule, targetId, ruleName, source, detailType, traceId, keptAt,
        firstConcludedAtMs, outcome, code, status, hasText, lastRecord) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      delivery,
      ...key,
      nameOfRule(rule),
      ...[source, detailType, traceId, kept].map((text) => text ?? null),
      endedAtMs,
      ...last,
    );
    this.#deliveries += 1;
  }

  /** Numbers grow with time, so the lowest numbers are the oldest deliveries. */
  #prune(nowMs: number): void {
    const { deliveries, records, ageMs } = this.#limits;
    const aged = this.#statement(
      `SELECT max(number) AS number FROM (SELECT number, firstConcludedAtMs FROM history_deliveries ORDER BY number LIMIT ?)
       WHERE firstConcludedAtMs < ?`,
    ).get(agedAtOnce, nowMs - ageMs)?.['number'];
    if (typeof aged === 'number') this.#removeUpTo(aged);
    while (this.#deliveries > deliveries || this.#records > records) {
      const many = Math.max(1, this.#deliveries - deliveries);
      const oldest = this.#statement('SELECT number FROM history_deliveries ORDER BY number LIMIT 1 OFFSET ?').get(
        many - 1,
      );
      if (oldest === undefined) return;
      this.#removeUpTo(Number(oldest['number']));
    }
  }

  #removeUpTo(number: number): void {
    const records = this.#statement('DELETE FROM history_records WHERE delivery <= ?').run(number);
    const deliveries = this.#statement('DELETE FROM history_deliveries WHERE number <= ?').run(number);
    this.#records -= Number(records.changes);
    this.#deliveries -= Number(deliveries.changes);
  }

  #nextNumber(): number {
    return Number(this.#statement('SELECT max(number) AS number FROM history_deliveries').get()?.['number'] ?? 0) + 1;
  }

  #count(table: string): number {
    return Number(this.#statement(`SELECT count(*) AS count FROM ${table}`).get()?.['count']);
  }

  #statement(sql: string): StatementSync {
    const prepared = this.#prepared.get(sql) ?? this.#database.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

function positionOf(row: Row): Position {
  return { firstConcludedAtMs: Number(row['firstConcludedAtMs']), number: Number(row['number']) };
}
