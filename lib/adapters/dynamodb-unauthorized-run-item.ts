import type { UnauthorizedRun } from '../core/unauthorized-run.ts';
import type { Item } from './dynamodb-items.ts';
import { optionalText, requiredNumber } from './dynamodb-items.ts';

/** Attribute of a connection's item that holds its run of refused requests, with the secret version it is about. */
export const runAttribute = 'unauthorizedRun';

/** A condition on `:since`. */
export const isRunThatBeganThen = `${runAttribute}.sinceMs = :since`;

/** @returns undefined when there is no run, or one of another secret version: such a run is void */
export function parseRun(item: Item, secretVersion: string | undefined): UnauthorizedRun | undefined {
  const run = item[runAttribute]?.M;
  if (run === undefined || secretVersion === undefined) return undefined;
  if (optionalText(run, 'secretVersion') !== secretVersion) return undefined;
  return { count: requiredNumber(run, 'count'), sinceMs: requiredNumber(run, 'sinceMs') };
}
