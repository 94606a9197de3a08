import type { JsonObject } from '../../core/json.ts';
import type { BusStore } from './store.ts';

/** Who calls, and where. */
export interface BusCaller {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

/**
 * One operation of the local bus, behind the first stage of validation: its input has the types, patterns, lengths and enums
 * of the service model, no null and no unknown member.
 *
 * @returns the members of the answer; times are epoch seconds
 * @throws ServiceError what the client is told
 */
export type BusOperation = (input: JsonObject, caller: BusCaller) => JsonObject;

export interface BusDependencies {
  readonly store: BusStore;
  readonly nowMs: () => number;
}
