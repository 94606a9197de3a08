import { createRequire } from 'node:module';
import type { Server } from 'node:http';

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

/** The member of dynalite 4.0.0's `db` that this file corrects. Its result is undefined or null if the condition is met. */
interface DynaliteDb {
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
  return dynalite;
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
