interface Due<Item> {
  /** Epoch ms. */
  readonly atMs: number;
  /** Counts the added items from 0. Of two items with the same time, the one that was added first comes first. */
  readonly order: number;
  readonly item: Item;
}

/** Items in a binary heap, ordered by the time when they are due. Finding the due items does not examine the others. */
class DueTimes<Item> {
  readonly #heap: Due<Item>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest time; undefined when there is no item. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  add(atMs: number, item: Item): void {
    this.#raise({ atMs, order: this.#order, item });
    this.#order += 1;
  }

  /** Removes the item that has been due for longest. Undefined when no item is due. */
  take(nowMs: number): Item | undefined {
    const [first] = this.#heap;
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first.item;
  }

  /** Puts the entry at the end, and moves it up to its place. */
  #raise(due: Due<Item>): void {
    let at = this.#heap.length;
    for (;;) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || isBefore(parent, due)) break;
      this.#heap[at] = parent;
      at = above;
    }
    this.#heap[at] = due;
  }

  /** Puts the entry at the beginning, and moves it down to its place. */
  #sink(due: Due<Item>): void {
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = this.#heap[below];
      const other = this.#heap[below + 1];
      if (child !== undefined && other !== undefined && isBefore(other, child)) {
        below += 1;
        child = other;
      }
      if (child === undefined || isBefore(due, child)) break;
      this.#heap[at] = child;
      at = below;
    }
    this.#heap[at] = due;
  }
}

function isBefore(one: Due<unknown>, other: Due<unknown>): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

export interface DelayedMessage {
  /** Epoch ms. */
  readonly delayUntil?: number | undefined;
}

/** The delayed messages of a standard queue. This class replaces an array of fauxqs that every receive searches completely. */
export class DelayedMessages<Message extends DelayedMessage> {
  readonly #times = new DueTimes<Message>();

  constructor(messages: Iterable<Message>) {
    for (const message of messages) this.push(message);
  }

  get length(): number {
    return this.#times.size;
  }

  get nextMs(): number | undefined {
    return this.#times.nextMs;
  }

  push(message: Message): void {
    this.#times.add(message.delayUntil ?? 0, message);
  }

  /** Removes a message whose delay is over. */
  takeDue(nowMs: number): Message | undefined {
    return this.#times.take(nowMs);
  }
}

export interface InflightMessage {
  /** Epoch ms. */
  readonly visibilityDeadline: number;
}

/** Outdated times are removed when there are more times than twice the number of messages plus this number. */
const minimumStaleTimes = 64;

/** The messages in flight, by receipt handle. This class replaces a map of fauxqs that every receive searches completely. */
export class InflightMessages<Message extends InflightMessage> extends Map<string, Message> {
  /** Holds at least one time for each message, at or before the message's deadline. It may also hold outdated times. */
  #times = new DueTimes<string>();

  constructor(messages: Iterable<[string, Message]>) {
    super();
    for (const [receiptHandle, message] of messages) this.set(receiptHandle, message);
  }

  get nextMs(): number | undefined {
    return this.#times.nextMs;
  }

  override set(receiptHandle: string, message: Message): this {
    super.set(receiptHandle, message);
    this.noteDeadline(receiptHandle);
    return this;
  }

  override clear(): void {
    super.clear();
    this.#times = new DueTimes();
  }

  /** Call this when the deadline of a message has changed. */
  noteDeadline(receiptHandle: string): void {
    const message = this.get(receiptHandle);
    if (message === undefined) return;
    this.#times.add(message.visibilityDeadline, receiptHandle);
    if (this.#times.size > 2 * this.size + minimumStaleTimes) this.#rebuild();
  }

  /** Removes a message whose visibility timeout is over. */
  takeDue(nowMs: number): Message | undefined {
    for (;;) {
      const receiptHandle = this.#times.take(nowMs);
      if (receiptHandle === undefined) return undefined;
      const message = this.get(receiptHandle);
      if (message === undefined) continue;
      if (message.visibilityDeadline <= nowMs) {
        this.delete(receiptHandle);
        return message;
      }
      this.#times.add(message.visibilityDeadline, receiptHandle);
    }
  }

  #rebuild(): void {
    this.#times = new DueTimes();
    for (const [receiptHandle, { visibilityDeadline }] of this) this.#times.add(visibilityDeadline, receiptHandle);
  }
}
