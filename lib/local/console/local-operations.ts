import type { DoorOperation } from '../../console/api/operations.ts';
import type { CallResult } from '../../console/door/door.ts';
import type { JsonObject } from '../../core/input/json.ts';
import type { SqliteDeliveryHistory } from '../history/sqlite-history.ts';
import type { SqliteKeptEvents } from '../history/sqlite-kept-events.ts';
import { localOverview } from './overview.ts';
import { listRecentEvents } from './recent-events.ts';
import type { WaitingSamples } from './waiting-samples.ts';

export interface LocalOperationsDependencies {
  readonly history: SqliteDeliveryHistory;
  readonly keptEvents: SqliteKeptEvents;
  readonly samples: WaitingSamples;
  readonly nowMs: () => number;
}

/** Performs an operation in one region. */
export type LocalCall = (region: string, input: JsonObject) => Promise<CallResult>;

/** The operations that only the console has, and that read the history. */
export function createLocalOperations({
  history,
  keptEvents,
  samples,
  nowMs,
}: LocalOperationsDependencies): Readonly<Record<DoorOperation, LocalCall>> {
  return {
    GetOverview: async (region, input) => localOverview({ history, samples }, region, input, nowMs()),
    ListRecentEvents: (region) => listRecentEvents({ history, keptEventsOf: (each) => keptEvents.of(each) }, region),
  };
}
