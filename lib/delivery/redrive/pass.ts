import type { Delivery } from '../../core/delivery/delivery.ts';
import { readDeadLetter } from '../../core/message/redrive-reading.ts';
import type { RedriveRequest } from '../../core/message/redrive-request.ts';
import type { ReceivedMessage } from '../../core/message/sqs-event.ts';
import { HiddenMessages } from './read-queue.ts';

/** A dead letter that cannot become a delivery, or whose delivery the delivery queue will never take. */
export interface UnreadableDeadLetter {
  readonly messageId: string;
  readonly reason: string;
}

/** The result of one call of the redrive. */
export interface RedriveResult {
  /** Dead letters that the delivery queue has accepted. */
  readonly moved: number;
  /** Dead letters that match the request, including the moved ones. */
  readonly matched: number;
  /** Dead letters that were read and stay in the queue. */
  readonly kept: number;
  /** The first hundred dead letters that cannot be delivered again. */
  readonly unreadable: readonly UnreadableDeadLetter[];
  readonly unreadableCount: number;
  /** Whether the call ended before it had read the whole queue. */
  readonly more: boolean;
  /** Only dead letters from before this time were considered. Pass it as the field `before` of the next call. */
  readonly before: string;
}

/** A dead letter that matches the request, and the delivery made from it. */
export interface MatchingDeadLetter {
  readonly messageId: string;
  readonly delivery: Delivery;
}

/** Keeps the answer of the function below 6 MiB, and the list readable. */
const maxListedUnreadable = 100;

/** One pass over the dead letters. It counts each message once, however often the queue returns it. A moved message is removed. */
export class RedrivePass {
  readonly #request: RedriveRequest & { readonly beforeMs: number };
  readonly #apiDestination: string | undefined;
  readonly hidden = new HiddenMessages();
  readonly #unreadable: UnreadableDeadLetter[] = [];
  #unreadableCount = 0;
  #matched = 0;

  /**
   * Dead letters from after the start are left to a later pass. Otherwise an endpoint that still fails would get the
   * same events again and again.
   *
   * @param apiDestination the functions' `API_DESTINATION`, for events without an envelope; undefined when it is not set
   */
  constructor(request: RedriveRequest, apiDestination: string | undefined, startMs: number) {
    this.#request = { ...request, beforeMs: Math.min(request.beforeMs ?? Number.POSITIVE_INFINITY, startMs + 1) };
    this.#apiDestination = apiDestination;
  }

  /** The delivery made from a message; undefined when the message does not match or the maximum is reached. */
  match(message: ReceivedMessage, nowMs: number): MatchingDeadLetter | undefined {
    const reading = readDeadLetter(message, this.#request, { apiDestination: this.#apiDestination, nowMs });
    const { messageId } = message;
    if (reading.kind === 'unreadable') this.addUnreadable({ messageId, reason: reading.reason });
    if (reading.kind !== 'matching' || this.isFull) return undefined;
    this.#matched += 1;
    return { messageId, delivery: reading.delivery };
  }

  addUnreadable(unreadable: UnreadableDeadLetter): void {
    this.#unreadableCount += 1;
    if (this.#unreadable.length < maxListedUnreadable) this.#unreadable.push(unreadable);
  }

  /** Whether the maximum is reached. */
  get isFull(): boolean {
    return this.#matched >= (this.#request.maximum ?? Number.POSITIVE_INFINITY);
  }

  result(more: boolean): RedriveResult {
    return {
      moved: this.hidden.removedCount,
      matched: this.#matched,
      kept: this.hidden.count,
      unreadable: this.#unreadable,
      unreadableCount: this.#unreadableCount,
      more,
      before: new Date(this.#request.beforeMs).toISOString(),
    };
  }
}
