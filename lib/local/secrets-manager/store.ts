import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { atomically } from '../atomically.ts';

export interface StoredSecret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | null;
  readonly kmsKeyId: string | null;
  /** A list `[{Key, Value}]` as JSON text. */
  readonly tags: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  readonly accessedAtMs: number | null;
  /** When the secret was marked for deletion. */
  readonly deletedAtMs: number | null;
  readonly purgeAtMs: number | null;
}

export interface StoredVersion {
  readonly id: string;
  readonly text: string | null;
  readonly binary: Uint8Array | null;
  readonly createdAtMs: number;
}

export interface ListedSecrets {
  readonly after: string;
  readonly limit: number;
  readonly includeDeleted: boolean;
}

const schema = `
CREATE TABLE IF NOT EXISTS secrets (
  region TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL UNIQUE, description TEXT, kmsKeyId TEXT,
  tags TEXT NOT NULL, createdAtMs INTEGER NOT NULL, changedAtMs INTEGER NOT NULL, accessedAtMs INTEGER,
  deletedAtMs INTEGER, purgeAtMs INTEGER, PRIMARY KEY (region, name));
CREATE TABLE IF NOT EXISTS secret_versions (
  arn TEXT NOT NULL REFERENCES secrets (arn) ON DELETE CASCADE, id TEXT NOT NULL, text TEXT, binary BLOB,
  createdAtMs INTEGER NOT NULL, PRIMARY KEY (arn, id));
CREATE TABLE IF NOT EXISTS secret_labels (
  arn TEXT NOT NULL REFERENCES secrets (arn) ON DELETE CASCADE, label TEXT NOT NULL, version TEXT NOT NULL,
  PRIMARY KEY (arn, label));`;

const columns =
  'arn, name, description, kmsKeyId, tags, createdAtMs, changedAtMs, accessedAtMs, deletedAtMs, purgeAtMs';

/** The secrets of every region in SQLite. All calls are synchronous, so no other call comes between those of a transaction. */
export class SecretStore {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec('PRAGMA foreign_keys = ON');
    database.exec(schema);
  }

  atomically<Result>(change: () => Result): Result {
    return atomically(this.#database, change);
  }

  find(region: string, nameOrArn: string): StoredSecret | undefined {
    const sql = `SELECT ${columns} FROM secrets WHERE region = ? AND (name = ? OR arn = ? OR substr(arn, 1, length(arn) - 7) = ?)`;
    return this.#statement(sql).get(region, nameOrArn, nameOrArn, nameOrArn) as StoredSecret | undefined;
  }

  /** Returns one page of secrets, sorted by name. */
  list(region: string, { after, limit, includeDeleted }: ListedSecrets): readonly StoredSecret[] {
    const sql = `SELECT ${columns} FROM secrets WHERE region = ? AND name > ? AND (? OR deletedAtMs IS NULL) ORDER BY name LIMIT ?`;
    const rows = this.#statement(sql).all(region, after, includeDeleted ? 1 : 0, limit);
    return rows as unknown as readonly StoredSecret[];
  }

  insert(region: string, secret: StoredSecret): void {
    const sql = `INSERT INTO secrets (region, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const { arn, name, description, kmsKeyId, tags, createdAtMs, changedAtMs, accessedAtMs } = secret;
    const { deletedAtMs, purgeAtMs } = secret;
    const times = [createdAtMs, changedAtMs, accessedAtMs, deletedAtMs, purgeAtMs];
    this.#statement(sql).run(region, arn, name, description, kmsKeyId, tags, ...times);
  }

  /** Writes every column except the name and the ARN. */
  update(secret: StoredSecret): void {
    const { description, kmsKeyId, tags, changedAtMs, accessedAtMs, deletedAtMs, purgeAtMs, arn } = secret;
    const sql =
      'UPDATE secrets SET description = ?, kmsKeyId = ?, tags = ?, changedAtMs = ?, accessedAtMs = ?, deletedAtMs = ?, purgeAtMs = ? WHERE arn = ?';
    this.#statement(sql).run(description, kmsKeyId, tags, changedAtMs, accessedAtMs, deletedAtMs, purgeAtMs, arn);
  }

  remove(arn: string): void {
    this.#statement('DELETE FROM secrets WHERE arn = ?').run(arn);
  }

  removePurged(nowMs: number): void {
    this.#statement('DELETE FROM secrets WHERE purgeAtMs <= ?').run(nowMs);
  }

  version(arn: string, id: string): StoredVersion | undefined {
    const sql = 'SELECT id, text, binary, createdAtMs FROM secret_versions WHERE arn = ? AND id = ?';
    return this.#statement(sql).get(arn, id) as StoredVersion | undefined;
  }

  /** The versions of a secret, oldest first. */
  versions(arn: string): readonly Pick<StoredVersion, 'id' | 'createdAtMs'>[] {
    const sql = 'SELECT id, createdAtMs FROM secret_versions WHERE arn = ? ORDER BY createdAtMs, rowid';
    return this.#statement(sql).all(arn) as unknown as readonly StoredVersion[];
  }

  addVersion(arn: string, version: StoredVersion): void {
    const sql = 'INSERT INTO secret_versions (arn, id, text, binary, createdAtMs) VALUES (?, ?, ?, ?, ?)';
    this.#statement(sql).run(arn, version.id, version.text, version.binary, version.createdAtMs);
  }

  labels(arn: string): ReadonlyMap<string, string> {
    const rows = this.#statement('SELECT label, version FROM secret_labels WHERE arn = ? ORDER BY label').all(arn);
    return new Map(rows.map((row) => [String(row['label']), String(row['version'])]));
  }

  attachLabel(arn: string, label: string, version: string): void {
    this.#statement('INSERT OR REPLACE INTO secret_labels (arn, label, version) VALUES (?, ?, ?)').run(
      arn,
      label,
      version,
    );
  }

  detachLabel(arn: string, label: string): void {
    this.#statement('DELETE FROM secret_labels WHERE arn = ? AND label = ?').run(arn, label);
  }

  #statement(sql: string): StatementSync {
    const prepared = this.#prepared.get(sql) ?? this.#database.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}
