/** The stack's own dead-letter queue, for people. Its methods throw Failure StoreUnavailable or StoreRefused of a queue. */
import type { EventTarget } from '../core/delivery/select-target.ts';
import type { DeadLetterDescription, DeadLetterFilter } from '../core/message/dead-letter-description.ts';

export interface DeadLetterPageRequest {
  readonly limit: number;
  /** `next` of the page before, with the same filter. Any other text gives an empty page. */
  readonly after?: string;
}

/** How much of the queue was read. Messages that another reader has received are hidden, so they were not read. */
export interface ReadExtent {
  readonly readCount: number;
  /** Whether all visible messages were read. */
  readonly isWhole: boolean;
}

export interface DeadLetterPage extends ReadExtent {
  /** The latest first. */
  readonly deadLetters: readonly DeadLetterDescription[];
  /** Absent on the last page. */
  readonly next?: string;
}

export interface AskedReplay extends EventTarget {
  readonly eventId: string;
  /** A name. */
  readonly apiDestination: string;
}

export type DeadLetterReplay =
  | {
      readonly kind: 'moved';
      readonly deadLetter: DeadLetterDescription;
      /** Further dead letters of the same event and target. They stay in the queue. */
      readonly others: number;
      /** Whether the dead letter is still in the queue, because it could not be deleted. */
      readonly remains: boolean;
    }
  /** Several targets have such a dead letter. */
  | { readonly kind: 'several'; readonly targets: readonly EventTarget[] }
  | { readonly kind: 'unreadable'; readonly deadLetter: DeadLetterDescription }
  | ({ readonly kind: 'none' } & ReadExtent);

export interface DeadLetters {
  /**
   * Reads the queue anew for each page. So all pages together have each dead letter once that is there during the whole
   * listing, if each page was read whole.
   */
  list(filter: DeadLetterFilter, page: DeadLetterPageRequest): Promise<DeadLetterPage>;
  /** Moves the latest dead letter of one event and one target back to the delivery queue. */
  replay(asked: AskedReplay): Promise<DeadLetterReplay>;
}
