import type { SQLInputValue } from 'node:sqlite';
import { ruleNameOf } from '../../core/destination/arn.ts';
import type { HistoryFilter } from '../../ports/history.ts';

/** A part of a WHERE clause with the values of its parameters, in their order. */
export interface Conditions {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** The pattern of LIKE for texts that contain this one. Upper and lower case of A to Z are the same in LIKE. */
export function likePattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
}

/** Compares the row of a delivery with the filter. The filter's text is left out, because it is searched in the rows of the records. */
export function conditionsOf(region: string, filter: HistoryFilter, oldestMs: number): Conditions {
  const { eventId, apiDestination, rule, outcome, code, status, text, afterMs = oldestMs, beforeMs } = filter;
  const compared: readonly (readonly [string, SQLInputValue | undefined])[] = [
    ['d.region = ?', region],
    ['d.eventId = ?', eventId],
    ['d.apiDestination = ?', apiDestination],
    ['d.ruleName = ?', rule === undefined ? undefined : ruleNameOf(rule)],
    ['d.rule = ?', rule?.startsWith('arn:') === true ? rule : undefined],
    ['d.outcome = ?', outcome],
    ['d.code = ?', code],
    ['d.status = ?', status],
    ['d.hasText = ?', text === undefined ? undefined : 1],
    ['d.beganAtMs >= ?', Math.max(afterMs, oldestMs)],
    ['d.beganAtMs < ?', beforeMs],
  ];
  const given = compared.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  return { sql: given.map(({ sql }) => sql).join(' AND '), values: given.map(({ value }) => value) };
}
