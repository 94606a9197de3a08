import type { DatabaseSync } from 'node:sqlite';
import type { Conclusion } from '../../core/delivery/delivery.ts';
import { type DeliveryNames, maxNameCharacters } from '../../core/delivery/delivery-names.ts';
import { parseEventsArn, ruleNameOf } from '../../core/destination/arn.ts';
import type { Statements } from '../atomically.ts';
import { atomically } from '../atomically.ts';
import type { HistoryEntry, UndeliveredEvent } from './history-entries.ts';

export interface HistoryLimits {
  readonly deliveries: number;
  readonly records: number;
  /** Unmatched events and refused entries have a limit of their own, so that many of them do not push out deliveries. */
  readonly undelivered: number;
  readonly ageMs: number;
}

/**
 * Numbers grow with time, so the lowest numbers of a kind are its oldest rows. Deliveries have positive numbers, and undelivered
 * events negative ones: so the oldest row of each kind is found by the primary key.
 */
const kinds = {
  deliveries: { above: 0, below: Number.MAX_SAFE_INTEGER },
  undelivered: { above: -(2 ** 52), below: 0 },
} as const;
type Kind = keyof typeof kinds;

/** How many rows of a kind are looked at because of their age with one write. */
const agedAtOnce = 100;

/** Writes the rows of the history, and removes the oldest ones. */
export class HistoryWriter {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #limits: HistoryLimits;
  #rows: Readonly<Record<Kind, number>>;
  #records: number;
  /** Until then, no row of the kind is too old: a write need not look. */
  #youngUntilMs: Readonly<Record<Kind, number>> = { deliveries: 0, undelivered: 0 };

  constructor(database: DatabaseSync, statements: Statements, limits: HistoryLimits) {
    this.#database = database;
    this.#statements = statements;
    this.#limits = limits;
    this.#rows = { deliveries: this.#countRows('deliveries'), undelivered: this.#countRows('undelivered') };
    this.#records = Number(statements.of('SELECT count(*) AS count FROM history_records').get()?.['count']);
  }

  /** Writes all of them in one transaction, and removes as many old rows as are too many. */
  write(entries: readonly HistoryEntry[], nowMs: number): void {
    const counts = [this.#rows, this.#records] as const;
    try {
      atomically(this.#database, () => {
        for (const entry of entries) this.#writeOne(entry);
        this.#prune('deliveries', nowMs);
        this.#prune('undelivered', nowMs);
      });
    } catch (error) {
      [this.#rows, this.#records] = counts;
      throw error;
    }
  }

  #writeOne(entry: HistoryEntry): void {
    const { region } = entry;
    const atMs = Math.floor(entry.atMs);
    switch (entry.kind) {
      case 'concluded':
        return this.#conclude(region, atMs, entry.conclusion);
      case 'queued':
        // A delivery that has a conclusion already, or that was queued before, stays as it is.
        if (this.#find(region, entry.delivery) === undefined)
          this.#insertDelivery(region, atMs, entry.delivery, ['waiting', null, null, 0, null]);
        return undefined;
      case 'undelivered':
        return this.#insertUndelivered(region, atMs, entry.event);
    }
  }

  #conclude(region: string, endedAtMs: number, conclusion: Conclusion): void {
    const { settlement, code, status, attempts, durationMs, rateWaitMs, reason, answer, nextAttemptAtMs, waitsFor } =
      conclusion;
    const outcome = settlement.kind;
    const found = this.#find(region, conclusion);
    const delivery = found ?? this.#nextNumber('deliveries');
    const facts = [durationMs, rateWaitMs ?? null, status ?? null, code ?? null, reason ?? null, answer ?? null];
    const { lastInsertRowid: record } = this.#statements
      .of(
        `INSERT INTO history_records (delivery, concludedAtMs, outcome, attempts, durationMs, rateWaitMs, status, code, reason, answer,
          nextAttemptAtMs, waitsFor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(delivery, endedAtMs, outcome, attempts, ...facts, nextAttemptAtMs ?? null, waitsFor ?? null);
    this.#records += 1;
    const hasText = reason === undefined && answer === undefined ? 0 : 1;
    const last = [outcome, code ?? null, status ?? null, hasText, record];
    if (found === undefined) return this.#insertDelivery(region, endedAtMs, conclusion, last);
    const sql = `UPDATE history_deliveries SET outcome = ?, code = ?, status = ?, hasText = max(hasText, ?), lastRecord = ?,
      keptAt = coalesce(?, keptAt) WHERE number = ?`;
    this.#statements.of(sql).run(...last, conclusion.kept ?? null, delivery);
    return undefined;
  }

  #find(region: string, names: DeliveryNames): number | undefined {
    const sql = `SELECT number FROM history_deliveries
      WHERE region = ? AND eventId = ? AND apiDestination = ? AND rule = ? AND targetId = ? AND eventBus = ''`;
    const number = this.#statements.of(sql).get(...keyOf(region, names))?.['number'];
    return number === undefined ? undefined : Number(number);
  }

  /** @param last outcome, code, status, hasText and the number of the last record */
  #insertDelivery(
    region: string,
    atMs: number,
    names: DeliveryNames & Pick<Conclusion, 'kept'>,
    last: readonly (string | number | bigint | null)[],
  ): void {
    const { rule = '', source, detailType, traceId, kept } = names;
    this.#statements
      .of(
        `INSERT INTO history_deliveries (number, region, eventId, apiDestination, rule, targetId, eventBus, ruleName, source, detailType,
          traceId, keptAt, beganAtMs, outcome, code, status, hasText, lastRecord)
         VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        this.#nextNumber('deliveries'),
        ...keyOf(region, names),
        ruleNameOf(rule),
        ...[source, detailType, traceId, kept].map((text) => text ?? null),
        atMs,
        ...last,
      );
    this.#add('deliveries', 1);
  }

  #insertUndelivered(region: string, atMs: number, event: UndeliveredEvent): void {
    const { outcome, eventId, eventBus, source, detailType, code, reason } = event;
    this.#statements
      .of(
        `INSERT INTO history_deliveries (number, region, eventId, apiDestination, rule, targetId, eventBus, ruleName, source, detailType,
          beganAtMs, outcome, code, reason, hasText) VALUES (?, ?, ?, '', '', '', ?, '', ?, ?, ?, ?, ?, ?, 1)`,
      )
      .run(
        this.#nextNumber('undelivered'),
        region,
        eventId ?? null,
        shortened(eventBus),
        shortened(source),
        shortened(detailType),
        atMs,
        outcome,
        code ?? null,
        reason,
      );
    this.#add('undelivered', 1);
  }

  #prune(kind: Kind, nowMs: number): void {
    this.#removeAged(kind, nowMs);
    const { above } = kinds[kind];
    for (let tooMany = this.#tooMany(kind); tooMany > 0; tooMany = this.#tooMany(kind)) {
      const sql = 'SELECT number FROM history_deliveries WHERE number > ? ORDER BY number LIMIT 1 OFFSET ?';
      const oldest = this.#statements.of(sql).get(above, tooMany - 1);
      if (oldest === undefined) return;
      this.#removeUpTo(kind, Number(oldest['number']));
    }
  }

  #removeAged(kind: Kind, nowMs: number): void {
    if (this.#rows[kind] === 0 || nowMs < this.#youngUntilMs[kind]) return;
    const { above, below } = kinds[kind];
    const sql = `SELECT max(number) FILTER (WHERE beganAtMs < ?) AS aged, min(beganAtMs) AS oldestMs FROM
      (SELECT number, beganAtMs FROM history_deliveries WHERE number > ? AND number < ? ORDER BY number LIMIT ?)`;
    const { ageMs } = this.#limits;
    const { aged, oldestMs } = this.#statements.of(sql).get(nowMs - ageMs, above, below, agedAtOnce) ?? {};
    if (typeof aged === 'number') this.#removeUpTo(kind, aged);
    else this.#youngUntilMs = { ...this.#youngUntilMs, [kind]: typeof oldestMs === 'number' ? oldestMs + ageMs : 0 };
  }

  /** How many of the oldest rows must go. Too many records push out one delivery after the other. */
  #tooMany(kind: Kind): number {
    const rows = Math.max(0, this.#rows[kind] - this.#limits[kind]);
    return rows === 0 && kind === 'deliveries' && this.#records > this.#limits.records ? 1 : rows;
  }

  #removeUpTo(kind: Kind, number: number): void {
    const { above } = kinds[kind];
    const rows = this.#statements.of('DELETE FROM history_deliveries WHERE number > ? AND number <= ?');
    this.#add(kind, -Number(rows.run(above, number).changes));
    if (kind === 'undelivered') return;
    const records = this.#statements.of('DELETE FROM history_records WHERE delivery <= ?').run(number);
    this.#records -= Number(records.changes);
  }

  #nextNumber(kind: Kind): number {
    const { above, below } = kinds[kind];
    const sql = 'SELECT max(number) AS number FROM history_deliveries WHERE number > ? AND number < ?';
    return Number(this.#statements.of(sql).get(above, below)?.['number'] ?? above) + 1;
  }

  #add(kind: Kind, rows: number): void {
    this.#rows = { ...this.#rows, [kind]: this.#rows[kind] + rows };
  }

  #countRows(kind: Kind): number {
    const { above, below } = kinds[kind];
    const sql = 'SELECT count(*) AS count FROM history_deliveries WHERE number > ? AND number < ?';
    return Number(this.#statements.of(sql).get(above, below)?.['count']);
  }
}

function keyOf(region: string, names: DeliveryNames): readonly [string, string | null, string, string, string] {
  const { eventId, apiDestination = '', rule = '', targetId = '' } = names;
  return [region, eventId || null, parseEventsArn(apiDestination)?.name ?? apiDestination, rule, targetId];
}

/** A refused entry may have texts of any length. */
function shortened(text: string | undefined): string | null {
  return text?.slice(0, maxNameCharacters) ?? null;
}
