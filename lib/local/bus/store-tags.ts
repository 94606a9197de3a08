import type { BusDatabase } from './store-database.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

const ofResource = 'FROM event_tags WHERE region = ? AND bus = ? AND rule = ?';

/** Tags of rules, and of buses under the empty name of a rule; in the order of their keys. */
export class TagStore {
  readonly #database: BusDatabase;

  constructor(database: BusDatabase) {
    this.#database = database;
  }

  of(region: string, bus: string, rule: string): readonly Tag[] {
    const rows = this.#database.all(`SELECT key, value ${ofResource} ORDER BY key`, region, bus, rule);
    return rows.map((row) => ({ Key: String(row['key']), Value: String(row['value']) }));
  }

  put(region: string, bus: string, rule: string, { Key, Value }: Tag): void {
    this.#database.run('INSERT OR REPLACE INTO event_tags VALUES (?, ?, ?, ?, ?)', region, bus, rule, Key, Value);
  }

  remove(region: string, bus: string, rule: string, key: string): void {
    this.#database.run(`DELETE ${ofResource} AND key = ?`, region, bus, rule, key);
  }

  removeAll(region: string, bus: string, rule: string): void {
    this.#database.run(`DELETE ${ofResource}`, region, bus, rule);
  }
}
