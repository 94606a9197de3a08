import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JsonObject } from '../../../core/input/json.ts';
import { atomically } from '../../atomically.ts';
import type { BusEvent, Rule, RuleTarget } from './model.ts';

/** An accepted event, with the text that its targets get. */
export interface AcceptedEvent {
  readonly id: string;
  readonly region: string;
  readonly text: string;
  readonly acceptedAtMs: number;
  /** The X-Ray header that came with the event; absent when none came. */
  readonly traceHeader?: string;
}

/** One target of a matching rule; `target` is JSON text, as PutTargets received it. */
export interface MatchedTarget {
  readonly ruleArn: string;
  readonly target: string;
}

/** The targets of a rule, in the form in which they are stored with each event that the rule matches. */
export function matchedTargets(rule: Rule, targets: readonly RuleTarget[]): readonly MatchedTarget[] {
  return targets.map((target) => ({ ruleArn: rule.arn, target: JSON.stringify(target) }));
}

export interface MatchedEvent {
  readonly event: AcceptedEvent;
  readonly targets: readonly MatchedTarget[];
}

/** One event for one target. */
export interface StoredDispatch extends MatchedTarget {
  /** Increases with every dispatch. */
  readonly number: number;
  readonly event: AcceptedEvent;
}

const schema = `
CREATE TABLE IF NOT EXISTS bus_events (
  id TEXT PRIMARY KEY, region TEXT NOT NULL, text TEXT NOT NULL, acceptedAtMs INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bus_dispatches (
  number INTEGER PRIMARY KEY AUTOINCREMENT, eventId TEXT NOT NULL, ruleArn TEXT NOT NULL, target TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS bus_dispatches_by_event ON bus_dispatches (eventId);
CREATE TABLE IF NOT EXISTS bus_event_traces (eventId TEXT PRIMARY KEY, traceHeader TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS bus_event_ends AFTER DELETE ON bus_events BEGIN
  DELETE FROM bus_event_traces WHERE eventId = OLD.id;
END;`;

interface StoredRow extends Omit<AcceptedEvent, 'traceHeader'>, MatchedTarget {
  readonly traceHeader: string | null;
}

/** Accepted events in SQLite. An event is kept until all its targets have accepted it, also across restarts of the stack. */
export class EventStore {
  readonly #database: DatabaseSync;
  readonly #insertEvent: StatementSync;
  readonly #insertTrace: StatementSync;
  readonly #insertDispatch: StatementSync;
  readonly #find: StatementSync;
  readonly #removeDispatch: StatementSync;
  readonly #removeEvent: StatementSync;

  constructor(database: DatabaseSync) {
    database.exec(schema);
    this.#database = database;
    this.#insertEvent = database.prepare('INSERT INTO bus_events VALUES (?, ?, ?, ?)');
    this.#insertTrace = database.prepare('INSERT INTO bus_event_traces VALUES (?, ?)');
    this.#insertDispatch = database.prepare('INSERT INTO bus_dispatches (eventId, ruleArn, target) VALUES (?, ?, ?)');
    this.#find = database.prepare(
      `SELECT number, ruleArn, target, id, region, text, acceptedAtMs, traceHeader FROM bus_dispatches AS dispatches
       JOIN bus_events ON id = dispatches.eventId
       LEFT JOIN bus_event_traces AS traces ON traces.eventId = id WHERE number = ?`,
    );
    this.#removeDispatch = database.prepare('DELETE FROM bus_dispatches WHERE number = ?');
    this.#removeEvent = database.prepare(
      'DELETE FROM bus_events WHERE id = ? AND NOT EXISTS (SELECT 1 FROM bus_dispatches WHERE eventId = id)',
    );
  }

  /**
   * Stores all events or none.
   *
   * @returns the numbers of the dispatches, in order
   */
  add(accepted: readonly MatchedEvent[]): number[] {
    const numbers: number[] = [];
    atomically(this.#database, () => {
      for (const { event, targets } of accepted) {
        this.#insertEvent.run(event.id, event.region, event.text, event.acceptedAtMs);
        if (event.traceHeader !== undefined) this.#insertTrace.run(event.id, event.traceHeader);
        for (const { ruleArn, target } of targets) {
          numbers.push(Number(this.#insertDispatch.run(event.id, ruleArn, target).lastInsertRowid));
        }
      }
    });
    return numbers;
  }

  find(number: number): StoredDispatch | undefined {
    const row = this.#find.get(number) as StoredRow | undefined;
    if (row === undefined) return undefined;
    const { ruleArn, target, id, region, text, acceptedAtMs, traceHeader } = row;
    const event = { id, region, text, acceptedAtMs };
    return { number, ruleArn, target, event: traceHeader === null ? event : { ...event, traceHeader } };
  }

  /** The numbers of all dispatches, oldest first. */
  pending(): readonly number[] {
    const rows = this.#database.prepare('SELECT number FROM bus_dispatches ORDER BY number').all();
    return rows.map((row) => Number(row['number']));
  }

  /** Deletes dispatches that their targets have accepted. An event is deleted with its last dispatch. */
  remove(dispatches: readonly StoredDispatch[]): void {
    atomically(this.#database, () => {
      for (const { number } of dispatches) this.#removeDispatch.run(number);
      for (const id of new Set(dispatches.map(({ event }) => event.id))) this.#removeEvent.run(id);
    });
  }
}

export interface EventParts {
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  readonly account: string;
  readonly region: string;
  /** Epoch ms, within the years 0 to 9999. */
  readonly timeMs: number;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
  /** The original JSON text of the detail. */
  readonly detailText: string;
  readonly traceHeader?: string | undefined;
}

/** The members of an accepted event's text that stand before its detail. The text is one that `createBusEvent` has made. */
export function membersBeforeDetail(text: string): JsonObject {
  // Quotes inside a member have a backslash before them.
  return JSON.parse(`${text.slice(0, text.indexOf(',"detail":'))}}`) as JsonObject;
}

/** Creates the event for the rules, and its text for the targets. The text contains the detail byte for byte. */
export function createBusEvent(
  parts: EventParts,
  acceptedAtMs: number,
): { readonly value: BusEvent; readonly accepted: AcceptedEvent } {
  const { id, region, detail, traceHeader } = parts;
  const envelope = {
    version: '0',
    id,
    'detail-type': parts.detailType,
    source: parts.source,
    account: parts.account,
    time: `${new Date(parts.timeMs).toISOString().slice(0, 19)}Z`,
    region,
    resources: parts.resources,
  } as const;
  const text = `${JSON.stringify(envelope).slice(0, -1)},"detail":${parts.detailText}}`;
  const accepted = { id, region, text, acceptedAtMs };
  return {
    value: { ...envelope, detail },
    accepted: traceHeader === undefined ? accepted : { ...accepted, traceHeader },
  };
}
