import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Delivery } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import {
  formatKeptDeliveries,
  formatKeptLocation,
  keptKey,
  parseKeptDelivery,
  parseKeptLocation,
} from '../../core/message/kept-deliveries.ts';
import type { EventKeeper, KeptEvents } from '../../ports/kept-events.ts';
import { atomically, Statements } from '../atomically.ts';

/** A row is what one invocation has kept. The index has all columns that are summed, so that no text is read for a sum. */
const schema = `CREATE TABLE IF NOT EXISTS kept_events (
  number INTEGER PRIMARY KEY, region TEXT NOT NULL, key TEXT NOT NULL, keptAtMs INTEGER NOT NULL, bytes INTEGER NOT NULL,
  deliveries INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS kept_events_by_key ON kept_events (key, region, bytes, deliveries)`;

export interface KeptEventsLimits {
  readonly deliveries: number;
  readonly bytes: number;
  readonly ageMs: number;
}

const mebibyte = 1024 * 1024;

/** Deliveries and age are those of the history. Without a data folder, the texts are in memory. */
export const keptEventsLimits = {
  inDataFolder: { deliveries: 100_000, bytes: 256 * mebibyte, ageMs: 7 * 86_400_000 },
  inMemory: { deliveries: 100_000, bytes: 32 * mebibyte, ageMs: 7 * 86_400_000 },
} as const satisfies Record<string, KeptEventsLimits>;

export interface SqliteKeptEventsOptions {
  readonly database: DatabaseSync;
  readonly nowMs: () => number;
  readonly limits: KeptEventsLimits;
}

/** How many objects a write removes at most because of their age. */
const agedAtOnce = 100;

interface Sum {
  readonly bytes: number;
  readonly deliveries: number;
}

/**
 * The kept events of the local stack, in all regions. The oldest texts leave first: when their age passes the limit, or when there
 * are too many.
 */
export class SqliteKeptEvents {
  readonly #options: SqliteKeptEventsOptions;
  #statements: Statements | undefined;
  #isClosed = false;
  /** The number of deliveries and bytes in the table; undefined when they must be counted: before the first write, or after one failed. */
  #sum: Sum | undefined;

  constructor(options: SqliteKeptEventsOptions) {
    this.#options = options;
  }

  /** Both sides of the port, for one region. */
  of(region: string): EventKeeper & KeptEvents {
    return {
      keep: async (deliveries) => this.#keep(region, deliveries),
      read: async (location) => this.#read(region, location),
    };
  }

  /** Refuses all later calls. */
  close(): void {
    this.#isClosed = true;
  }

  #keep(region: string, deliveries: readonly Delivery[]): readonly string[] {
    const { database, nowMs } = this.#options;
    const keptAtMs = Math.floor(nowMs());
    const key = keptKey(keptAtMs, randomUUID().replaceAll('-', ''));
    const text = formatKeptDeliveries(deliveries);
    const bytes = Buffer.byteLength(text);
    this.#orUnavailable(() => {
      const before = this.#sum ?? this.#count();
      this.#sum = atomically(database, () => {
        this.#statement(
          'INSERT INTO kept_events (region, key, keptAtMs, bytes, deliveries, text) VALUES (?, ?, ?, ?, ?, ?)',
        ).run(region, key, keptAtMs, bytes, deliveries.length, text);
        const sum = { bytes: before.bytes + bytes, deliveries: before.deliveries + deliveries.length };
        return this.#prune(sum, keptAtMs);
      });
    });
    return deliveries.map((_delivery, index) => formatKeptLocation({ key, index }));
  }

  #read(region: string, location: string): Delivery | undefined {
    const place = parseKeptLocation(location);
    if (place === undefined) return undefined;
    const nowMs = this.#options.nowMs();
    const text = this.#orUnavailable(
      () =>
        this.#statement('SELECT text FROM kept_events WHERE key = ? AND region = ? AND keptAtMs >= ?').get(
          place.key,
          region,
          nowMs - this.#options.limits.ageMs,
        )?.['text'],
    );
    return typeof text === 'string' ? parseKeptDelivery(text, place.index, nowMs) : undefined;
  }

  /** Numbers grow with time, so the lowest numbers are the oldest objects. */
  #prune(whole: Sum, nowMs: number): Sum {
    const { bytes, deliveries, ageMs } = this.#options.limits;
    let sum = whole;
    for (let removed = 0; ; removed += 1) {
      const oldest = this.#statement(
        'SELECT number, keptAtMs, bytes, deliveries FROM kept_events ORDER BY number LIMIT 1',
      ).get();
      if (oldest === undefined) return sum;
      const isAged = Number(oldest['keptAtMs']) < nowMs - ageMs && removed < agedAtOnce;
      if (!isAged && sum.bytes <= bytes && sum.deliveries <= deliveries) return sum;
      this.#statement('DELETE FROM kept_events WHERE number = ?').run(Number(oldest['number']));
      sum = {
        bytes: sum.bytes - Number(oldest['bytes']),
        deliveries: sum.deliveries - Number(oldest['deliveries']),
      };
    }
  }

  #count(): Sum {
    const row = this.#statement(
      'SELECT total(bytes) AS bytes, total(deliveries) AS deliveries FROM kept_events INDEXED BY kept_events_by_key',
    ).get();
    return { bytes: Number(row?.['bytes']), deliveries: Number(row?.['deliveries']) };
  }

  #statement(sql: string): StatementSync {
    if (this.#statements === undefined) {
      this.#options.database.exec(schema);
      this.#statements = new Statements(this.#options.database);
    }
    return this.#statements.of(sql);
  }

  #orUnavailable<Result>(use: () => Result): Result {
    if (this.#isClosed) throw new Failure('StoreUnavailable', 'The local stack was stopped or reset.');
    try {
      return use();
    } catch (error) {
      throw new Failure('StoreUnavailable', 'The database of the local stack does not work.', { cause: error });
    }
  }
}
