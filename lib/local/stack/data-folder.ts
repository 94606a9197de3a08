import { accessSync, constants, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A reason for which the stack cannot start, in one line for whoever starts it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Where a stack keeps what must survive it. */
export interface DataFolder {
  /** Undefined: nothing survives. */
  readonly path: string | undefined;
  readonly database: DatabaseSync;
  /** Forgets all that was kept, but whose the folder is; the embedded stores must be closed. */
  clear(): void;
  close(): void;
}

/** What the embedded stores keep beside the database. */
export type StoreFolder = 'dynamodb' | 'sqs';
const storeFolders: readonly StoreFolder[] = ['dynamodb', 'sqs'];

/** Raised when what is written here is no longer read by the version before. */
const formatVersion = 1;

/** SQLite's result codes. Source: sqlite.org/rescode.html. */
const busy = 5;

/**
 * Opens the folder for this stack alone: the database is locked for as long as the process lives, and the system lets
 * go of the lock however the process ends.
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
    throw new StartError(`Cannot write to the data folder ${folder}: ${codeOf(error)}.`, { cause: error });
  }
  const database = openDatabase(folder);
  try {
    checkOwner(database, folder, account);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    path: folder,
    database,
    clear() {
      clearTables(database);
      for (const name of storeFolders) rmSync(join(folder, name), { recursive: true, force: true });
    },
    close: () => database.close(),
  };
}

/** A folder that holds secrets is its owner's alone; one that is there already keeps its rights. */
const ownerOnly = 0o700;

/** Node's own recursive mkdir never returns where the system lets nobody make a folder, as in `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(`${folder}/.`)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  mkdirSync(folder, ownerOnly);
}

function openMemory(): DataFolder {
  const database = new DatabaseSync(':memory:');
  return { path: undefined, database, clear: () => clearTables(database), close: () => database.close() };
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
    database = new DatabaseSync(join(folder, 'lastmile.sqlite'));
    // A killed process loses nothing that SQLite has handed to the system; only a crash of the machine does.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec('CREATE TABLE IF NOT EXISTS owner (account TEXT NOT NULL)');
    database.exec('BEGIN IMMEDIATE; COMMIT');
    return database;
  } catch (error) {
    if (database?.isOpen === true) database.close();
    if (resultCodeOf(error) === busy) {
      throw new StartError(`Another stack is using the data folder ${folder}.`, { cause: error });
    }
    throw new StartError(`Cannot open the database in the data folder ${folder}: ${codeOf(error)}.`, { cause: error });
  }
}

function checkOwner(database: DatabaseSync, folder: string, account: string): void {
  const written = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (written > formatVersion) throw new StartError(`A newer version has written the data folder ${folder}.`);
  database.exec(`PRAGMA user_version = ${formatVersion}`);
  const owner = database.prepare('SELECT account FROM owner').get()?.['account'];
  if (owner === undefined) database.prepare('INSERT INTO owner (account) VALUES (?)').run(account);
  else if (owner !== account) {
    throw new StartError(`The data folder ${folder} belongs to account ${String(owner)}, not ${account}.`);
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
