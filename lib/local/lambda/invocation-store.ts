import { atomically } from '../atomically.ts';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** An asynchronous invocation that was accepted and has not ended yet. */
export interface StoredInvocation {
  readonly id: string;
  readonly region: string;
  readonly functionName: string;
  /** JSON text. */
  readonly payload: string;
  /** Number of failed runs. */
  readonly failures: number;
  readonly acceptedAtMs: number;
  /** The earliest time of the next run. */
  readonly notBeforeMs: number;
  /** The X-Ray header with which the function was invoked; absent when there was none. */
  readonly traceHeader?: string;
}

const schema = `
CREATE TABLE IF NOT EXISTS invocations (
  id TEXT PRIMARY KEY, region TEXT NOT NULL, functionName TEXT NOT NULL, payload TEXT NOT NULL,
  failures INTEGER NOT NULL, acceptedAtMs INTEGER NOT NULL, notBeforeMs INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS failed_invocations (
  id TEXT PRIMARY KEY, region TEXT NOT NULL, functionName TEXT NOT NULL, payload TEXT NOT NULL,
  failures INTEGER NOT NULL, acceptedAtMs INTEGER NOT NULL, failedAtMs INTEGER NOT NULL, error TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS invocation_traces (
  invocationId TEXT PRIMARY KEY, traceHeader TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS invocation_ends AFTER DELETE ON invocations BEGIN
  DELETE FROM invocation_traces WHERE invocationId = OLD.id;
END;`;

interface StoredRow extends Omit<StoredInvocation, 'traceHeader'> {
  readonly invocationId: string | null;
  readonly traceHeader: string | null;
}

/** Asynchronous invocations in SQLite. When a stack starts, it runs the stored invocations again. */
export class InvocationStore {
  readonly #insert: StatementSync;
  readonly #insertTrace: StatementSync;
  readonly #postpone: StatementSync;
  readonly #remove: StatementSync;
  readonly #find: StatementSync;
  readonly #fail: StatementSync;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    database.exec(schema);
    this.#database = database;
    this.#insert = database.prepare('INSERT INTO invocations VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#insertTrace = database.prepare('INSERT INTO invocation_traces VALUES (?, ?)');
    this.#postpone = database.prepare('UPDATE invocations SET failures = ?, notBeforeMs = ? WHERE id = ?');
    this.#remove = database.prepare('DELETE FROM invocations WHERE id = ?');
    this.#find = database.prepare(
      'SELECT * FROM invocations LEFT JOIN invocation_traces ON invocationId = id WHERE id = ?',
    );
    this.#fail = database.prepare(
      'INSERT INTO failed_invocations SELECT id, region, functionName, payload, ?, acceptedAtMs, ?, ? FROM invocations WHERE id = ?',
    );
  }

  add(invocation: StoredInvocation): void {
    const { id, region, functionName, payload, failures, acceptedAtMs, notBeforeMs, traceHeader } = invocation;
    const insert = () => this.#insert.run(id, region, functionName, payload, failures, acceptedAtMs, notBeforeMs);
    if (traceHeader === undefined) return void insert();
    atomically(this.#database, () => {
      insert();
      this.#insertTrace.run(id, traceHeader);
    });
  }

  find(id: string): StoredInvocation | undefined {
    const row = this.#find.get(id) as StoredRow | undefined;
    if (row === undefined) return undefined;
    const { traceHeader, invocationId: _id, ...invocation } = row;
    return traceHeader === null ? invocation : { ...invocation, traceHeader };
  }

  /** All invocations that have not ended, in the order in which they were accepted. */
  pending(): readonly Pick<StoredInvocation, 'id' | 'notBeforeMs'>[] {
    const rows = this.#database.prepare('SELECT id, notBeforeMs FROM invocations ORDER BY acceptedAtMs, rowid').all();
    return rows as unknown as readonly StoredInvocation[];
  }

  /** How many invocations of a function have not ended. */
  countPending(functionName: string): number {
    const row = this.#database
      .prepare('SELECT count(*) AS n FROM invocations WHERE functionName = ?')
      .get(functionName);
    return Number(row?.['n']);
  }

  postpone(id: string, failures: number, notBeforeMs: number): void {
    this.#postpone.run(failures, notBeforeMs, id);
  }

  remove(id: string): void {
    this.#remove.run(id);
  }

  /** Moves the invocation, with its last error, to the table of failed invocations. */
  fail(id: string, failures: number, failedAtMs: number, error: string): void {
    atomically(this.#database, () => {
      this.#fail.run(failures, failedAtMs, error, id);
      this.#remove.run(id);
    });
  }

  failed(): readonly (Pick<StoredInvocation, 'id' | 'functionName' | 'failures'> & { readonly error: string })[] {
    const rows = this.#database.prepare('SELECT id, functionName, failures, error FROM failed_invocations').all();
    return rows as unknown as ReturnType<InvocationStore['failed']>;
  }
}
