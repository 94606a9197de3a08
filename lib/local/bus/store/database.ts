import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { atomically } from '../../atomically.ts';

/* A name is unique within its region and bus. Tags are stored under the rule's name; for a bus, that name is empty. */
const schema = `
CREATE TABLE IF NOT EXISTS event_buses (
  region TEXT NOT NULL, name TEXT NOT NULL, description TEXT, shown TEXT,
  createdAtMs INTEGER NOT NULL, modifiedAtMs INTEGER NOT NULL, PRIMARY KEY (region, name));
CREATE TABLE IF NOT EXISTS event_bus_policies (
  region TEXT NOT NULL, bus TEXT NOT NULL, policy TEXT NOT NULL, PRIMARY KEY (region, bus));
CREATE TABLE IF NOT EXISTS event_rules (
  region TEXT NOT NULL, bus TEXT NOT NULL, name TEXT NOT NULL, eventPattern TEXT, scheduleExpression TEXT,
  state TEXT NOT NULL, description TEXT, roleArn TEXT, enabledAtMs INTEGER NOT NULL, PRIMARY KEY (region, bus, name));
CREATE TABLE IF NOT EXISTS event_targets (
  region TEXT NOT NULL, bus TEXT NOT NULL, rule TEXT NOT NULL, id TEXT NOT NULL, arn TEXT NOT NULL, target TEXT NOT NULL,
  PRIMARY KEY (region, bus, rule, id));
CREATE TABLE IF NOT EXISTS event_tags (
  region TEXT NOT NULL, bus TEXT NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (region, bus, rule, key));`;

export type Row = Readonly<Record<string, unknown>>;

/** One page of a list, sorted by name. */
export interface Keyset {
  readonly namePrefix?: string;
  /** The last name of the previous page. */
  readonly afterName?: string;
  readonly limit: number;
}

/**
 * The tables of the local bus in SQLite. All calls are synchronous, so no other call comes between the statements of a
 * transaction.
 */
export class BusDatabase {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(schema);
  }

  /** Runs the change as one transaction. If it throws, nothing has changed. */
  atomically<Result>(change: () => Result): Result {
    return atomically(this.#database, change);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#statement(sql).all(...values);
  }

  /** @returns the number of changed rows */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  count(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.get(sql, ...values)?.['count'] ?? 0);
  }

  #statement(sql: string): StatementSync {
    const prepared = this.#prepared.get(sql) ?? this.#database.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

/** Selects one page of a list that is sorted by the column `name`. `pageValues` returns the parameters. */
export const pageCondition = 'name > ? AND substr(name, 1, length(?)) = ? ORDER BY name LIMIT ?';

export function pageValues({ afterName = '', namePrefix = '', limit }: Keyset): [string, string, string, number] {
  return [afterName, namePrefix, namePrefix, limit];
}

/** The text members of a row, without those that are NULL. */
export function textMembers<Name extends string>(
  row: Row,
  ...names: readonly Name[]
): { readonly [key in Name]?: string } {
  const members: { [key in Name]?: string } = {};
  for (const name of names) {
    const value = row[name];
    if (typeof value === 'string') members[name] = value;
  }
  return members;
}
