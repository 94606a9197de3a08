import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/** The subfolders of the embedded stores, beside the database. Each has a folder for each region. */
export type StoreFolder = 'dynamodb' | 'sqs';
export const storeFolders: readonly StoreFolder[] = ['dynamodb', 'sqs'];

export const databaseFile = 'lastmile.sqlite';

/** The data that is lost with the files of each store. */
const contents: Readonly<Record<StoreFolder, string>> = {
  dynamodb: 'its API destinations, connections, policies and API keys',
  sqs: 'its queues with their waiting events and dead letters',
};

/** @returns a remark when the folder, before its first use by a stack, has files that no stack has written */
export function remarkOnForeignFiles(folder: string): readonly string[] {
  const entries = readdirSync(folder);
  if (entries.includes(databaseFile)) return [];
  const foreign = entries.filter((name) => !name.startsWith('.') && name !== 'lost+found');
  if (foreign.length === 0) return [];
  const names = storeFolders.join(' and ');
  return [
    `The data folder ${folder} is not empty and belongs to no stack. The stack adds ${databaseFile} and the folders ${names} to it.`,
  ];
}

const schema = 'CREATE TABLE IF NOT EXISTS stores (name TEXT PRIMARY KEY) WITHOUT ROWID';

/** Remembers the stores that exist, so that the next start notices when one is gone. */
export function noteStores(database: DatabaseSync, folder: string): void {
  database.exec(schema);
  const insert = database.prepare('INSERT OR IGNORE INTO stores VALUES (?)');
  for (const kind of storeFolders) {
    if (!existsSync(join(folder, kind))) continue;
    for (const region of readdirSync(join(folder, kind))) insert.run(`${kind}/${region}`);
  }
}

/** @returns a remark for each store that an earlier stack had and that has lost files since */
export function remarkOnLostStores(database: DatabaseSync, folder: string): readonly string[] {
  database.exec(schema);
  const names = database.prepare('SELECT name FROM stores ORDER BY name').all();
  return names.flatMap((row) => {
    const name = String(row['name']);
    const kind = storeFolders.find((each) => name.startsWith(`${each}/`));
    const lost = kind === undefined ? undefined : lostFileOf(kind, join(folder, name));
    if (kind === undefined || lost === undefined) return [];
    return [
      `The data folder ${folder} has lost ${join(name, lost)}. The stack begins ${name.slice(kind.length + 1)} without ${contents[kind]}, unless you stop it and restore the file.`,
    ];
  });
}

/** The name of a file without which the store begins empty; undefined when nothing is missing. */
function lostFileOf(kind: StoreFolder, folder: string): string | undefined {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  if (kind === 'sqs') return files.includes('fauxqs.db') ? undefined : 'fauxqs.db';
  if (!files.includes('CURRENT')) return 'CURRENT';
  // LevelDB: CURRENT names the manifest, and there is always a log. Source: LevelDB's doc/impl.md.
  const manifest = readFileSync(join(folder, 'CURRENT'), 'utf8').trim();
  if (!files.includes(manifest)) return manifest;
  return files.some((name) => name.endsWith('.log')) ? undefined : '*.log';
}
