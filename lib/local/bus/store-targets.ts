import type { RuleTarget } from './model.ts';
import { type BusDatabase, type Keyset, pageCondition, pageValues, type Row } from './store-database.ts';

const ofRule = 'FROM event_targets WHERE region = ? AND bus = ? AND rule = ?';

/** The targets of every rule, in the order of their ids. */
export class RuleTargets {
  readonly #database: BusDatabase;

  constructor(database: BusDatabase) {
    this.#database = database;
  }

  of(region: string, bus: string, rule: string): readonly Row[] {
    return this.#database.all(`SELECT target ${ofRule} ORDER BY id`, region, bus, rule);
  }

  page(region: string, bus: string, rule: string, page: Keyset): readonly Row[] {
    const sql = `SELECT target FROM (SELECT target, id AS name ${ofRule}) WHERE ${pageCondition}`;
    return this.#database.all(sql, region, bus, rule, ...pageValues(page));
  }

  ruleNames(region: string, bus: string, arn: string, page: Keyset): readonly string[] {
    const rules = 'SELECT DISTINCT rule AS name FROM event_targets WHERE region = ? AND bus = ? AND arn = ?';
    const sql = `SELECT name FROM (${rules}) WHERE ${pageCondition}`;
    return this.#database.all(sql, region, bus, arn, ...pageValues(page)).map((row) => String(row['name']));
  }

  put(region: string, bus: string, rule: string, target: RuleTarget): void {
    const sql = 'INSERT OR REPLACE INTO event_targets VALUES (?, ?, ?, ?, ?, ?)';
    this.#database.run(sql, region, bus, rule, target.Id, target.Arn, JSON.stringify(target));
  }

  remove(region: string, bus: string, rule: string, id: string): boolean {
    return this.#database.run(`DELETE ${ofRule} AND id = ?`, region, bus, rule, id) > 0;
  }
}
