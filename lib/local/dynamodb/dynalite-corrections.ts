import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Server } from 'node:http';
import { type ExpressionParser, rememberExpressions } from './parsed-expressions.ts';

export interface DynaliteOptions {
  readonly createTableMs: number;
  readonly deleteTableMs?: number;
  readonly updateTableMs?: number;
  /** The folder of the tables; absent keeps them in memory. */
  readonly path?: string;
}

type Item = Readonly<Record<string, unknown>>;

/** A refused condition. dynalite sends `body` as the answer. */
interface ConditionalError extends Error {
  readonly body: Record<string, unknown>;
}

interface DynaliteStore {
  readonly lifecycleManager: {
    /** Rejects when running operations have not ended in time. */
    gracefulClose(): Promise<void>;
    setShutdownTimeout(timeoutMs: number): void;
    forceClose(): Promise<void>;
  };
}

/** The members of dynalite 4.0.0's `db` that this file uses or corrects. */
interface DynaliteDb {
  create(options: DynaliteOptions): DynaliteStore;
  /** The result is undefined or null if the condition is met. */
  checkConditional(input: Item, existing: Item | undefined): ConditionalError | null | undefined;
}

interface DynaliteValidation {
  readonly types: Record<string, { readonly type: string; readonly enum: readonly string[] }>;
}

const member = 'ReturnValuesOnConditionCheckFailure';

/**
 * Loads dynalite, which has no type declarations, and corrects one difference between it and DynamoDB: dynalite ignores the member
 * ReturnValuesOnConditionCheckFailure, so a refused condition never returns the item that did not meet it. DynamoDB does so in
 * PutItem, UpdateItem and DeleteItem, and refuses other values than ALL_OLD and NONE. Source: the DynamoDB API reference.
 */
export function loadDynalite(): (options: DynaliteOptions) => Server {
  const require = createRequire(import.meta.url);
  const dynalite = require('dynalite') as (options: DynaliteOptions) => Server;
  for (const operation of ['putItem', 'updateItem', 'deleteItem']) {
    // dynalite drops a member that has no type, before it calls `checkConditional`.
    const { types } = require(`dynalite/validations/${operation}`) as DynaliteValidation;
    types[member] ??= { type: 'String', enum: ['ALL_OLD', 'NONE'] };
  }
  returnRefusingItem(require('dynalite/db') as DynaliteDb);
  for (const parser of ['conditionParser', 'updateParser']) {
    rememberExpressions(require(`dynalite/db/${parser}`) as ExpressionParser);
  }
  return dynalite;
}

/** The members of an HTTP request that dynalite uses. */
export interface DynaliteRequest extends EventEmitter {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The members of an HTTP response that dynalite uses. */
export interface DynaliteResponse {
  statusCode: number;
  setHeader(name: string, value: string | number): void;
  end(body?: string): void;
}

export interface EmbeddedDynalite {
  /** Throws when dynalite does. */
  handle(request: DynaliteRequest, response: DynaliteResponse): void;
  /** Waits this long for running operations. */
  close(graceMs: number): Promise<void>;
}

/** Creates a dynalite whose HTTP server does not listen. Such a server cannot be closed, so its store is closed instead. */
export function embedDynalite(options: DynaliteOptions): EmbeddedDynalite {
  const dynalite = loadDynalite();
  const db = createRequire(import.meta.url)('dynalite/db') as DynaliteDb;
  const { create } = db;
  const stores: DynaliteStore[] = [];
  db.create = (given) => {
    const store = create(given);
    stores.push(store);
    return store;
  };
  let server: Server;
  try {
    server = dynalite(options);
  } finally {
    db.create = create;
  }
  return {
    handle: (request, response) => void server.emit('request', request, response),
    async close(graceMs) {
      for (const { lifecycleManager } of stores) {
        lifecycleManager.setShutdownTimeout(graceMs);
        await lifecycleManager.gracefulClose().catch(() => lifecycleManager.forceClose());
      }
    },
  };
}

const corrected = new WeakSet<DynaliteDb>();

/** The item and its check are in one lock of the key, so the item is the one that did not meet the condition. */
function returnRefusingItem(db: DynaliteDb): void {
  if (corrected.has(db)) return;
  corrected.add(db);
  const { checkConditional } = db;
  db.checkConditional = (input, existing) => {
    const refusal = checkConditional(input, existing);
    if (refusal && existing !== undefined && input[member] === 'ALL_OLD') refusal.body['Item'] = existing;
    return refusal;
  };
}
