import { PutBackGroups } from './put-back-groups.ts';

/** The part of a message that determines when it is handed out. */
export interface GroupedMessage {
  /** MessageGroupId; undefined when the message has none. */
  readonly messageGroupId?: string | undefined;
}

/** Returns true for a group whose messages must not be handed out now. */
export type IsWithheld = (group: string) => boolean;

/** The waiting messages of one group. */
interface Group<Message> {
  /** Undefined for the messages without a group. */
  readonly name: string | undefined;
  /** Number of waiting messages, in the common queue and in the backlog. */
  waiting: number;
  /** The messages that are not in the common queue, oldest first. */
  readonly backlog: Fifo<Message>;
}

/** A group that has this many waiting messages puts further messages into its backlog. */
export const quietMessages = 1000;

const withholdNone: IsWithheld = () => false;

/**
 * The visible messages of a standard queue. This class replaces an array of fauxqs.
 *
 * Messages are handed out in the order of their arrival, until a group has more than `quietMessages` waiting messages. The
 * further messages of this group wait in its backlog. Every second message comes from the common queue, and the others come
 * from the backlogs in rotation. So a group with few messages does not wait behind the backlog of another group. The cost of
 * each step does not depend on the number of messages. Source: SQS developer guide, how fair queues work.
 *
 * All messages without a group count as one group. In SQS, each of them is a group of its own.
 */
export class FairMessages<Message extends GroupedMessage> {
  /** The common queue: the first messages of every group, in the order of their arrival. */
  readonly #common = new Fifo<Message>();
  /** The rotation of the groups with a backlog. The first group is the next from which a message is taken. */
  readonly #rotation = new Fifo<Group<Message>>();
  readonly #groups = new Map<string | undefined, Group<Message>>();
  #length = 0;
  readonly #putBack = new PutBackGroups();
  #isBacklogNext = false;
  #isWithheld = withholdNone;

  constructor(messages: Iterable<Message> = []) {
    for (const message of messages) this.push(message);
  }

  /** Number of messages, including those of withheld groups. */
  get length(): number {
    return this.#length;
  }

  /** Number of messages without those of the groups that are mostly put back. */
  get urgentLength(): number {
    let urgent = this.#length;
    for (const group of this.#putBack.names()) urgent -= this.#groups.get(group)?.waiting ?? 0;
    return urgent;
  }

  push(message: Message): void {
    const group = this.#groupOf(message);
    this.#length += 1;
    group.waiting += 1;
    if (group.waiting <= quietMessages) this.#common.push(message);
    else this.#pushToBacklog(group, message);
  }

  /** Removes and returns the next message; undefined when the queue is empty or all its messages are withheld. */
  shift(): Message | undefined {
    const message = this.#next();
    if (message === undefined) return undefined;
    const group = this.#groupOf(message);
    if (message === this.#common.first) this.#common.shift();
    else this.#shiftBacklog(group);
    this.#isBacklogNext = !this.#isBacklogNext;
    this.#length -= 1;
    group.waiting -= 1;
    if (group.waiting === 0) this.#groups.delete(group.name);
    if (group.name !== undefined) this.#putBack.noteHandedOut(group.name);
    return message;
  }

  /** Call this when a message is sent that becomes visible only after a delay. */
  noteDelayed({ messageGroupId: group }: Message): void {
    if (group !== undefined) this.#putBack.notePutBack(group);
  }

  /** Whether nearly all messages of a group are put back with a delay. */
  isMostlyPutBack(group: string): boolean {
    return this.#putBack.has(group);
  }

  /** Withholds groups until `work` returns. If `work` returns a promise, only its synchronous part is affected. */
  withholding<Result>(isWithheld: IsWithheld, work: () => Result): Result {
    this.#isWithheld = isWithheld;
    try {
      return work();
    } finally {
      this.#isWithheld = withholdNone;
    }
  }

  /** Whether `shift` would return a message. */
  get isOffering(): boolean {
    return this.#next() !== undefined;
  }

  #groupOf({ messageGroupId: name }: Message): Group<Message> {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = { name, waiting: 0, backlog: new Fifo<Message>() };
    this.#groups.set(name, group);
    return group;
  }

  #pushToBacklog(group: Group<Message>, message: Message): void {
    if (group.backlog.length === 0) this.#rotation.push(group);
    group.backlog.push(message);
  }

  #shiftBacklog(group: Group<Message>): void {
    group.backlog.shift();
    this.#rotation.shift();
    if (group.backlog.length > 0) this.#rotation.push(group);
  }

  #next(): Message | undefined {
    const common = this.#nextCommon();
    const backlog = common === undefined || this.#isBacklogNext ? this.#nextBacklog() : undefined;
    return backlog ?? common;
  }

  /** Moves messages of withheld groups from the common queue to their backlogs, so that each is examined only once. */
  #nextCommon(): Message | undefined {
    for (let first = this.#common.first; first !== undefined; first = this.#common.first) {
      const group = this.#groupOf(first);
      if (group.name === undefined || !this.#isWithheld(group.name)) return first;
      this.#common.shift();
      this.#pushToBacklog(group, first);
    }
    return undefined;
  }

  /** Moves the withheld groups at the beginning of the rotation to its end. */
  #nextBacklog(): Message | undefined {
    for (let left = this.#rotation.length; left > 0; left -= 1) {
      const group = this.#rotation.first;
      if (group === undefined) return undefined;
      if (group.name === undefined || !this.#isWithheld(group.name)) return group.backlog.first;
      this.#rotation.shift();
      this.#rotation.push(group);
    }
    return undefined;
  }
}

interface Link<Item> {
  readonly item: Item;
  next?: Link<Item>;
}

/** A list from which items leave in the order of their arrival. An array would move all other items when the first one leaves. */
class Fifo<Item> {
  #first: Link<Item> | undefined;
  #last: Link<Item> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): Item | undefined {
    return this.#first?.item;
  }

  push(item: Item): void {
    const link: Link<Item> = { item };
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.#length += 1;
  }

  shift(): Item | undefined {
    const link = this.#first;
    if (link === undefined) return undefined;
    this.#first = link.next;
    if (link.next === undefined) this.#last = undefined;
    this.#length -= 1;
    return link.item;
  }
}
