import { partitionOf } from '../../../core/destination/arn.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import type { BusDatabase, Keyset, Row } from './database.ts';
import { pageCondition, pageValues, textMembers } from './database.ts';
import type { EventBus, Rule, RuleState, RuleTarget } from './model.ts';

/** The region and the account in an ARN. */
export interface Place {
  readonly region: string;
  readonly account: string;
}

export const defaultBusName = 'default';

export function busArn({ region, account }: Place, name: string): string {
  return `arn:${partitionOf(region)}:events:${region}:${account}:event-bus/${name}`;
}

/** The ARN of a rule on the default bus does not name the bus. Source: recorded answers of the service. */
export function ruleArn({ region, account }: Place, eventBusName: string, name: string): string {
  const path = eventBusName === defaultBusName ? name : `${eventBusName}/${name}`;
  return `arn:${partitionOf(region)}:events:${region}:${account}:rule/${path}`;
}

export function busOf(place: Place, row: Row): EventBus {
  const name = String(row['name']);
  const shown = row['shown'];
  return {
    name,
    arn: busArn(place, name),
    ...textMembers(row, 'description', 'policy'),
    ...(typeof shown === 'string' ? { shown: JSON.parse(shown) as JsonObject } : {}),
    creationTimeMs: Number(row['createdAtMs']),
    lastModifiedTimeMs: Number(row['modifiedAtMs']),
  };
}

export function ruleOf(place: Place, row: Row): Rule {
  const name = String(row['name']);
  const eventBusName = String(row['bus']);
  return {
    name,
    arn: ruleArn(place, eventBusName, name),
    eventBusName,
    ...textMembers(row, 'eventPattern', 'scheduleExpression', 'description', 'roleArn'),
    state: row['state'] as RuleState,
    enabledAtMs: Number(row['enabledAtMs']),
  };
}

export function targetOf(row: Row): RuleTarget {
  return JSON.parse(String(row['target'])) as RuleTarget;
}

const ofRule = 'FROM event_targets WHERE region = ? AND bus = ? AND rule = ?';

/** The targets of every rule, sorted by id. */
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

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

const ofResource = 'FROM event_tags WHERE region = ? AND bus = ? AND rule = ?';

/** The tags of rules and buses, sorted by key. For a bus, the rule's name is empty. */
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

/** The policies of the buses that have one. */
export class BusPolicies {
  readonly #database: BusDatabase;

  constructor(database: BusDatabase) {
    this.#database = database;
  }

  put(region: string, bus: string, policy: string): void {
    this.#database.run('INSERT OR REPLACE INTO event_bus_policies VALUES (?, ?, ?)', region, bus, policy);
  }

  remove(region: string, bus: string): void {
    this.#database.run('DELETE FROM event_bus_policies WHERE region = ? AND bus = ?', region, bus);
  }
}
