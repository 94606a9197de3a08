import type { Conclusion } from '../../core/delivery/delivery.ts';
import type { DeliveryNames } from '../../core/delivery/delivery-names.ts';

/** An event that no rule with a target matched, or an entry that PutEvents refused. Neither has a delivery. */
export interface UndeliveredEvent {
  readonly outcome: 'unmatched' | 'refused';
  /** A refused entry has none. */
  readonly eventId?: string;
  /** As the entry named it: the name or the ARN. */
  readonly eventBus: string;
  readonly source?: string | undefined;
  readonly detailType?: string | undefined;
  /** The ErrorCode of a refused entry. */
  readonly code?: string;
  readonly reason: string;
}

/** Tells the history of the local stack what the event bus of one region did with its events. */
export interface EventLog {
  /** The bus has put the event into the delivery queue, or has started `deliver` with it. */
  queued(delivery: DeliveryNames): void;
  undelivered(event: UndeliveredEvent): void;
}

/** One entry of the history that waits to be written. */
export type HistoryEntry = { readonly region: string; readonly atMs: number } & (
  | { readonly kind: 'concluded'; readonly conclusion: Conclusion }
  | { readonly kind: 'queued'; readonly delivery: DeliveryNames }
  | { readonly kind: 'undelivered'; readonly event: UndeliveredEvent }
);
