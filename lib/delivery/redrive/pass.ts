import type { Delivery } from '../../core/delivery/delivery.ts';
import { readDeadLetter } from '../../core/message/redrive-reading.ts';
import type { RedriveRequest } from '../../core/message/redrive-request.ts';
import type { ReceivedMessage } from '../../core/message/sqs-event.ts';

/** A dead letter that no delivery can be made of. */
export interface UnreadableDeadLetter {
  readonly messageId: string;
  readonly reason: string;
}

/** What one call of a redrive has come to. */
export interface RedriveResult {
  /** Dead letters that the delivery queue has accepted. */
  readonly moved: number;
  /** Dead letters that are asked for, the moved ones included. */
  readonly matched: number;
  /** Dead letters that were looked at and are where they were. */
  readonly kept: number;
  /** Those that cannot be delivered again: the first hundred. */
  readonly unreadable: readonly UnreadableDeadLetter[];
  readonly unreadableCount: number;
  /** Whether the call ended before it had seen all of the queue. */
  readonly more: boolean;
  /** Nothing dead-lettered from then on was asked for: whoever calls again says so, as the field `before`. */
  readonly before: string;
}

/** A dead letter that is asked for, and the delivery that it becomes. */
export interface MatchingDeadLetter {
  readonly messageId: string;
  readonly delivery: Delivery;
}

/** An answer of a function holds 6 MiB, and nobody reads more. */
const maxListedUnreadable = 100;

/** One pass over the dead letters: what was seen in it, each message once however often the queue shows it. */
export class RedrivePass {
  readonly #request: RedriveRequest & { readonly beforeMs: number };
  readonly #apiDestination: string | undefined;
  readonly #kept = new Map<string, string>();
  readonly #moved = new Set<string>();
  readonly #unreadable: UnreadableDeadLetter[] = [];
  #unreadableCount = 0;
  #matched = 0;

  /**
   * What is dead-lettered after the start is left to a later pass: an endpoint that is still ill would have the same events
   * moved round and round.
   *
   * @param apiDestination of bare events, where the functions have one
   */
  constructor(request: RedriveRequest, apiDestination: string | undefined, startMs: number) {
    this.#request = { ...request, beforeMs: Math.min(request.beforeMs ?? Number.POSITIVE_INFINITY, startMs + 1) };
    this.#apiDestination = apiDestination;
  }

  /** Those that this pass has not seen before. */
  take(received: readonly ReceivedMessage[]): readonly ReceivedMessage[] {
    const fresh = received.filter(({ messageId }) => !this.#kept.has(messageId) && !this.#moved.has(messageId));
    for (const { messageId, receiptHandle } of received) {
      if (!this.#moved.has(messageId)) this.#kept.set(messageId, receiptHandle);
    }
    return fresh;
  }

  /** Handles of messages that were moved and that the queue shows all the same. */
  shownAgain(received: readonly ReceivedMessage[]): readonly string[] {
    return received.filter(({ messageId }) => this.#moved.has(messageId)).map(({ receiptHandle }) => receiptHandle);
  }

  /** The delivery that a message becomes, when it is asked for and the maximum has not been reached. */
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

  /** @returns the handle to delete it by: the last one, for an older one may delete nothing */
  addMoved({ messageId }: MatchingDeadLetter): string {
    const receiptHandle = this.#kept.get(messageId) ?? '';
    this.#moved.add(messageId);
    this.#kept.delete(messageId);
    return receiptHandle;
  }

  /** Whether as many were found as were asked for. */
  get isFull(): boolean {
    return this.#matched >= (this.#request.maximum ?? Number.POSITIVE_INFINITY);
  }

  /** Handles of what stays where it is. */
  get keptHandles(): readonly string[] {
    return [...this.#kept.values()];
  }

  get keptCount(): number {
    return this.#kept.size;
  }

  result(more: boolean): RedriveResult {
    return {
      moved: this.#moved.size,
      matched: this.#matched,
      kept: this.#kept.size,
      unreadable: this.#unreadable,
      unreadableCount: this.#unreadableCount,
      more,
      before: new Date(this.#request.beforeMs).toISOString(),
    };
  }
}
