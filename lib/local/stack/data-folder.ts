import { accessSync, constants, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { databaseFile, noteStores, remarkOnForeignFiles, remarkOnLostStores, storeFolders } from './stored-files.ts';

/** The stack cannot start. The message is one line for the person who starts it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The folder in which a stack keeps its data across restarts. */
export interface DataFolder {
  /** Undefined: the data is lost when the stack stops. */
  readonly path: string | undefined;
  readonly database: DatabaseSync;
  /** Lines for the person who starts the stack: what is odd about the folder. */
  readonly remarks: readonly string[];
  /** Deletes all data, but keeps the id of the account that owns the folder. Close the embedded stores first. */
  clear(): void;
  close(): void;
}

/** Raise this number when a change makes the format unreadable for older versions. */
const formatVersion = 1;

/** SQLite's result code SQLITE_BUSY. Source: sqlite.org/rescode.html. */
const busy = 5;

/**
 * Opens the folder for this stack alone. The process locks the database, and the system releases the lock when the
 * process ends, however it ends.
 *
 * @throws StartError
 */
export function openDataFolder(path: string | undefined, account: string): DataFolder {
  if (path === undefined) return openMemory();
  const folder = resolve(path);
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartError(
      `Cannot write to the data folder ${folder}: ${codeOf(error)}. Choose another folder with --data-dir.`,
      { cause: error },
    );
  }
  const foreign = remarkOnForeignFiles(folder);
  const database = openDatabase(folder);
  let lost: readonly string[];
  try {
    checkOwner(database, folder, account);
    lost = remarkOnLostStores(database, folder);
    noteStores(database, folder);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    path: folder,
    database,
    remarks: [...foreign, ...lost],
    clear() {
      clearTables(database);
      for (const name of storeFolders) rmSync(join(folder, name), { recursive: true, force: true });
    },
    close() {
      noteStores(database, folder);
      database.close();
    },
  };
}

/** The folder holds secrets, so only its owner may read it. An existing folder keeps its permissions. */
const ownerOnly = 0o700;

/** Node's recursive mkdir never returns where the system forbids new folders, as in `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(`${folder}/.`)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  mkdirSync(folder, ownerOnly);
}

function openMemory(): DataFolder {
  const database = new DatabaseSync(':memory:');
  return { path: undefined, database, remarks: [], clear: () => clearTables(database), close: () => database.close() };
}

function clearTables(database: DatabaseSync): void {
  const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'owner'").all();
  const deletions = rows.map(({ name }) => `DELETE FROM "${String(name)}"`);
  try {
    database.exec(['BEGIN IMMEDIATE', ...deletions, 'COMMIT'].join(';'));
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK');
  }
}

function openDatabase(folder: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(folder, databaseFile));
    // With these settings, a killed process loses no committed change. A crash of the machine can lose the newest changes.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec('CREATE TABLE IF NOT EXISTS owner (account TEXT NOT NULL)');
    database.exec('BEGIN IMMEDIATE; COMMIT');
    return database;
  } catch (error) {
    if (database?.isOpen === true) database.close();
    if (resultCodeOf(error) === busy) {
      throw new StartError(
        `Another stack is using the data folder ${folder}. Stop it, or choose another folder with --data-dir.`,
        { cause: error },
      );
    }
    throw new StartError(
      `Cannot open the database in the data folder ${folder}: ${codeOf(error)}. Choose another folder with --data-dir.`,
      { cause: error },
    );
  }
}

function checkOwner(database: DatabaseSync, folder: string, account: string): void {
  const written = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (written > formatVersion)
    throw new StartError(
      `A newer version of Lastmile wrote the data folder ${folder}. Update Lastmile, or choose another folder with --data-dir.`,
    );
  database.exec(`PRAGMA user_version = ${formatVersion}`);
  const owner = database.prepare('SELECT account FROM owner').get()?.['account'];
  if (owner === undefined) database.prepare('INSERT INTO owner (account) VALUES (?)').run(account);
  else if (owner !== account) {
    throw new StartError(
      `The data folder ${folder} belongs to account ${String(owner)}, not ${account}. Start with --account ${String(owner)}, or choose another folder with --data-dir.`,
    );
  }
}

function resultCodeOf(error: unknown): unknown {
  return error instanceof Error && 'errcode' in error ? error.errcode : undefined;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (resultCodeOf(error) !== undefined) return error.message;
  return 'code' in error ? String(error.code) : error.name;
}
