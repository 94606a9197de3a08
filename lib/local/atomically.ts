import type { DatabaseSync } from 'node:sqlite';

/** Runs the change as one transaction. If it throws, nothing has changed. */
export function atomically<Result>(database: DatabaseSync, change: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = change();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
