import type { LocalOperation } from '../../console/api/operations.ts';
import type { CallResult } from '../../console/door/door.ts';
import type { JsonObject } from '../../core/input/json.ts';
import type { SqliteDeliveryHistory } from '../history/sqlite-history.ts';
import type { SqliteKeptEvents } from '../history/sqlite-kept-events.ts';
import { listRecentEvents } from './recent-events.ts';

export interface LocalOperationsDependencies {
  readonly history: SqliteDeliveryHistory;
  readonly keptEvents: SqliteKeptEvents;
}

/** Performs an operation in one region. */
export type LocalCall = (region: string, input: JsonObject) => Promise<CallResult>;

/** The operations that only the console of a local stack has. */
export function createLocalOperations({
  history,
  keptEvents,
}: LocalOperationsDependencies): Readonly<Record<LocalOperation, LocalCall>> {
  return {
    ListRecentEvents: (region) => listRecentEvents({ history, keptEventsOf: (each) => keptEvents.of(each) }, region),
  };
}
