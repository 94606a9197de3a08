import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { withoutUndefined } from '../../core/input/json.ts';
import type { HistoryFilter } from '../../ports/history.ts';
import { conditionsOf, likePattern } from './history-conditions.ts';
import type { Row } from './history-tables.ts';

/** How many records one call looks at, so that a filter that matches few does not hold up the stack. */
const readAtOnce = 2500;

export interface NewRows {
  readonly rows: readonly Row[];
  /** Number of the last record that was looked at. */
  readonly position: number;
}

/**
 * The records after the one with this number, in the order in which they were written. Their number is the primary key, so a call
 * that finds nothing new reads one row. A reset begins the numbers again; then all records are new.
 */
export function recordsAfter(
  database: DatabaseSync,
  region: string,
  filter: HistoryFilter,
  after: number | undefined,
  limit: number,
): NewRows {
  const newest = Number(database.prepare('SELECT max(number) AS number FROM history_records').get()?.['number'] ?? 0);
  if (after === undefined) return { rows: [], position: newest };
  const from = after > newest ? 0 : after;
  const window = database
    .prepare(
      'SELECT max(number) AS number FROM (SELECT number FROM history_records WHERE number > ? ORDER BY number LIMIT ?)',
    )
    .get(from, readAtOnce);
  if (window?.['number'] === null) return { rows: [], position: from };
  const end = Number(window?.['number']);
  const { eventId, apiDestination, rule, ...ofRecord } = filter;
  const delivery = conditionsOf(region, withoutUndefined({ eventId, apiDestination, rule }), 0);
  const record = recordConditions(ofRecord);
  const rows = database
    .prepare(
      `SELECT d.eventId, d.apiDestination, d.rule, d.targetId, d.source, d.detailType, d.traceId, d.keptAt, r.* FROM history_records AS r
       JOIN history_deliveries AS d ON d.number = r.delivery
       WHERE r.number > ? AND r.number <= ? AND ${[delivery.sql, ...record.map(({ sql }) => sql)].join(' AND ')} ORDER BY r.number LIMIT ?`,
    )
    .all(from, end, ...delivery.values, ...record.flatMap(({ values }) => values), limit);
  return { rows, position: rows.length < limit ? end : Number(rows.at(-1)?.['number']) };
}

function recordConditions({ outcome, code, status, text }: HistoryFilter) {
  const pattern = text === undefined ? undefined : likePattern(text);
  const compared: readonly (readonly [string, readonly (SQLInputValue | undefined)[]])[] = [
    ['r.outcome = ?', [outcome]],
    ['r.code = ?', [code]],
    ['r.status = ?', [status]],
    ["(r.reason LIKE ? ESCAPE '\\' OR r.answer LIKE ? ESCAPE '\\')", [pattern, pattern]],
  ];
  return compared.flatMap(([sql, values]) => {
    const given = values.filter((value) => value !== undefined);
    return given.length < values.length ? [] : [{ sql, values: given }];
  });
}
