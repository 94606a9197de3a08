import type { DatabaseSync } from 'node:sqlite';

/** One transaction; what throws inside it has changed nothing. */
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
