/**
 * The history of deliveries. DeliveryLog of lib/ports/delivery.ts records it: one conclusion for each invocation that had the
 * event. lib/ports/delivery.ts explains what absent and unavailable mean.
 */
import type { Conclusion, WaitsFor } from '../core/delivery/delivery.ts';

/**
 * The settlement of a delivery's last invocation. The history of the local stack, which also sees the event bus, has three more:
 * `waiting`: the bus has put the event into the delivery queue, and no invocation that had it has ended yet;
 * `unmatched`: no rule with a target matched the event; `refused`: PutEvents refused the entry.
 */
export type Outcome = Conclusion['settlement']['kind'] | 'waiting' | 'unmatched' | 'refused';

/** The end of one invocation that had the event. */
export interface DeliveryRecord {
  readonly concludedAtMs: number;
  readonly outcome: Outcome;
  /** Attempts made so far. An invocation that only waited for a slot made none, so it has the number of the one before. */
  readonly attempts: number;
  readonly durationMs: number;
  /** The part of `durationMs` that was spent waiting for a slot. */
  readonly rateWaitMs?: number;
  readonly status?: number;
  /** A failure code, `Unexpected`, or the ErrorCode of a refused entry. */
  readonly code?: string;
  readonly reason?: string;
  /** The beginning of the endpoint's answer, with the credentials masked; absent when the event was delivered. */
  readonly answer?: string;
  readonly nextAttemptAtMs?: number;
  readonly waitsFor?: WaitsFor;
}

/**
 * One event on its way to one target of a rule. Names are absent when the input did not have them. An unmatched event or a refused
 * entry has no target: it has an event bus instead, and no records. A waiting delivery has no records either. `last` then says
 * what is known.
 */
export interface RecordedDelivery {
  readonly eventId?: string;
  /** A name, even if the input had an ARN. */
  readonly apiDestination?: string;
  /** The rule's ARN. */
  readonly rule?: string;
  readonly targetId?: string;
  /** Only of an unmatched event or a refused entry: name or ARN of the bus, as the entry had it. */
  readonly eventBus?: string;
  readonly source?: string;
  readonly detailType?: string;
  readonly traceId?: string;
  /** The location of its text in lib/ports/kept-events.ts, where it may be gone by now. Absent when it was not kept. */
  readonly keptAt?: string;
  /** When its first invocation ended; when the bus accepted the event, if the bus told the history. It never changes. */
  readonly beganAtMs: number;
  readonly last: DeliveryRecord;
}

/** Only deliveries that match every member. Outcome, code and status are those of the last record. */
export interface HistoryFilter {
  readonly eventId?: string;
  readonly apiDestination?: string;
  /** Name or ARN. */
  readonly rule?: string;
  readonly outcome?: Outcome;
  readonly code?: string;
  readonly status?: number;
  /** A part of the reason or the answer of any record. Upper and lower case of A to Z are the same. */
  readonly text?: string;
  /** `beganAtMs` is this time or later. */
  readonly afterMs?: number;
  /** `beganAtMs` is before this time. */
  readonly beforeMs?: number;
}

export interface HistoryPageRequest {
  readonly limit: number;
  /** `next` of the page before, with the same filter. Any other text gives an empty page. For `recordsAfter`, a position. */
  readonly after?: string;
}

export interface HistoryPage {
  /** A page before the last one may have fewer than the limit, or none, when it ended because it had searched long enough. */
  readonly deliveries: readonly RecordedDelivery[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** A record with the names of its delivery. */
export interface RecordedConclusion extends Omit<RecordedDelivery, 'beganAtMs'> {
  readonly last: DeliveryRecord;
}

export interface NewConclusions {
  /** In the order in which they were recorded. */
  readonly conclusions: readonly RecordedConclusion[];
  /** Where the next call goes on. */
  readonly position: string;
}

export interface DeliveryHistory {
  /**
   * Lists deliveries, those that began last first. A delivery that gets another record keeps its place, so a listing of all pages
   * contains it exactly once.
   */
  list(region: string, filter: HistoryFilter, page: HistoryPageRequest): Promise<HistoryPage>;
  /**
   * The deliveries of one event to one API destination with all their records, the oldest first. There is one for each rule and
   * target that sent the event there. Empty when the history has none.
   */
  get(region: string, eventId: string, apiDestination: string): Promise<readonly DeliveryWithRecords[]>;
  /**
   * The records that came after a position, each once. There may be fewer than the limit although more have come. Without a
   * position, or with a text that is not a position, there are no records, only the current position. The filter compares each record; its times
   * are ignored.
   */
  recordsAfter(region: string, filter: HistoryFilter, page: HistoryPageRequest): Promise<NewConclusions>;
}

export interface DeliveryWithRecords extends RecordedDelivery {
  readonly records: readonly DeliveryRecord[];
}
