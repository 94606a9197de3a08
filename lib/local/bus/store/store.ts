import type { DatabaseSync } from 'node:sqlite';
import type { BusReader, EventBus, Rule, RuleTarget } from './model.ts';
import type { Keyset } from './database.ts';
import { BusDatabase, pageCondition, pageValues } from './database.ts';
import { BusPolicies, RuleTargets, TagStore, busOf, defaultBusName, ruleOf, targetOf } from './rows.ts';

export interface BusStoreOptions {
  readonly database: DatabaseSync;
  readonly account: string;
  readonly nowMs: () => number;
}

const policyOfBus =
  'SELECT policy FROM event_bus_policies AS kept WHERE kept.region = event_buses.region AND bus = name';
const selectBuses = `SELECT *, (${policyOfBus}) AS policy FROM event_buses`;

/** Buses, rules, targets and tags of every region. The first use of a region creates its default bus. */
export class BusStore implements BusReader {
  readonly tags: TagStore;
  readonly policies: BusPolicies;
  readonly #database: BusDatabase;
  readonly #targets: RuleTargets;
  readonly #account: string;
  readonly #nowMs: () => number;
  readonly #regions = new Set<string>();
  /**
   * Generations of the buses that this process has changed. They never decrease, so that a bus that is deleted and created again
   * does not get the compiled rules of the deleted bus.
   */
  readonly #generations = new Map<string, number>();

  constructor({ database, account, nowMs }: BusStoreOptions) {
    this.#database = new BusDatabase(database);
    this.#targets = new RuleTargets(this.#database);
    this.tags = new TagStore(this.#database);
    this.policies = new BusPolicies(this.#database);
    this.#account = account;
    this.#nowMs = nowMs;
  }

  /** Runs the change as one transaction. If it throws, nothing has changed. Transactions cannot be nested. */
  atomically<Result>(change: () => Result): Result {
    try {
      return this.#database.atomically(change);
    } catch (error) {
      // If this change was the first to use a region, the rollback has also removed the region's default bus.
      this.#regions.clear();
      throw error;
    }
  }

  bus(region: string, name: string): EventBus | undefined {
    this.#prepare(region);
    const row = this.#database.get(`${selectBuses} WHERE region = ? AND name = ?`, region, name);
    return row && busOf(this.#place(region), row);
  }

  buses(region: string, page: Keyset): readonly EventBus[] {
    this.#prepare(region);
    const sql = `${selectBuses} WHERE region = ? AND ${pageCondition}`;
    return this.#database.all(sql, region, ...pageValues(page)).map((row) => busOf(this.#place(region), row));
  }

  busCount(region: string): number {
    this.#prepare(region);
    return this.#database.count('SELECT count(*) AS count FROM event_buses WHERE region = ?', region);
  }

  putBus(region: string, bus: EventBus): void {
    const { name, description = null, shown, creationTimeMs, lastModifiedTimeMs } = bus;
    const kept = shown === undefined ? null : JSON.stringify(shown);
    const sql = 'INSERT OR REPLACE INTO event_buses VALUES (?, ?, ?, ?, ?, ?)';
    this.#database.run(sql, region, name, description, kept, creationTimeMs, lastModifiedTimeMs);
  }

  /** Deletes a bus, its tags and its policy. The bus must have no rules. */
  removeBus(region: string, name: string): void {
    this.#database.run('DELETE FROM event_buses WHERE region = ? AND name = ?', region, name);
    this.tags.removeAll(region, name, '');
    this.policies.remove(region, name);
    this.#raiseGeneration(region, name);
  }

  rule(region: string, eventBusName: string, name: string): Rule | undefined {
    const sql = 'SELECT * FROM event_rules WHERE region = ? AND bus = ? AND name = ?';
    const row = this.#database.get(sql, region, eventBusName, name);
    return row && ruleOf(this.#place(region), row);
  }

  rules(region: string, eventBusName: string, page: Keyset): readonly Rule[] {
    const sql = `SELECT * FROM event_rules WHERE region = ? AND bus = ? AND ${pageCondition}`;
    const rows = this.#database.all(sql, region, eventBusName, ...pageValues(page));
    return rows.map((row) => ruleOf(this.#place(region), row));
  }

  ruleCount(region: string, eventBusName: string): number {
    const sql = 'SELECT count(*) AS count FROM event_rules WHERE region = ? AND bus = ?';
    return this.#database.count(sql, region, eventBusName);
  }

  putRule(region: string, rule: Rule): void {
    const { eventBusName, name, eventPattern = null, scheduleExpression = null, state } = rule;
    const { description = null, roleArn = null, enabledAtMs } = rule;
    const sql = 'INSERT OR REPLACE INTO event_rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)';
    const what = [eventPattern, scheduleExpression, state, description, roleArn, enabledAtMs];
    this.#database.run(sql, region, eventBusName, name, ...what);
    this.#raiseGeneration(region, eventBusName);
  }

  /** Deletes a rule and its tags. The rule must have no targets. */
  removeRule(region: string, eventBusName: string, name: string): void {
    const sql = 'DELETE FROM event_rules WHERE region = ? AND bus = ? AND name = ?';
    this.#database.run(sql, region, eventBusName, name);
    this.tags.removeAll(region, eventBusName, name);
    this.#raiseGeneration(region, eventBusName);
  }

  enabledRules(region: string, eventBusName: string): readonly Rule[] {
    const sql =
      "SELECT * FROM event_rules WHERE region = ? AND bus = ? AND state <> 'DISABLED' AND eventPattern IS NOT NULL ORDER BY name";
    return this.#database.all(sql, region, eventBusName).map((row) => ruleOf(this.#place(region), row));
  }

  scheduledRules(): readonly { readonly region: string; readonly rule: Rule }[] {
    const sql =
      "SELECT * FROM event_rules WHERE state <> 'DISABLED' AND scheduleExpression IS NOT NULL ORDER BY region, bus, name";
    return this.#database.all(sql).map((row) => {
      const region = String(row['region']);
      return { region, rule: ruleOf(this.#place(region), row) };
    });
  }

  targets(region: string, eventBusName: string, ruleName: string): readonly RuleTarget[] {
    return this.#targets.of(region, eventBusName, ruleName).map(targetOf);
  }

  targetsPage(region: string, eventBusName: string, ruleName: string, page: Keyset): readonly RuleTarget[] {
    return this.#targets.page(region, eventBusName, ruleName, page).map(targetOf);
  }

  ruleNamesByTarget(region: string, eventBusName: string, targetArn: string, page: Keyset): readonly string[] {
    return this.#targets.ruleNames(region, eventBusName, targetArn, page);
  }

  putTarget(region: string, eventBusName: string, ruleName: string, target: RuleTarget): void {
    this.#targets.put(region, eventBusName, ruleName, target);
    this.#raiseGeneration(region, eventBusName);
  }

  /** @returns whether the target existed */
  removeTarget(region: string, eventBusName: string, ruleName: string, id: string): boolean {
    this.#raiseGeneration(region, eventBusName);
    return this.#targets.remove(region, eventBusName, ruleName, id);
  }

  generation(region: string, eventBusName: string): number {
    return this.#generations.get(`${region} ${eventBusName}`) ?? 0;
  }

  #raiseGeneration(region: string, eventBusName: string): void {
    this.#generations.set(`${region} ${eventBusName}`, this.generation(region, eventBusName) + 1);
  }

  #place(region: string): { readonly region: string; readonly account: string } {
    return { region, account: this.#account };
  }

  #prepare(region: string): void {
    if (this.#regions.has(region)) return;
    const sql = 'INSERT OR IGNORE INTO event_buses VALUES (?, ?, NULL, NULL, ?, ?)';
    const nowMs = this.#nowMs();
    this.#database.run(sql, region, defaultBusName, nowMs, nowMs);
    this.#regions.add(region);
  }
}
