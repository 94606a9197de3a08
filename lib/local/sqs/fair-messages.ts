/** A message as far as fairness is concerned. */
export interface GroupedMessage {
  /** MessageGroupId; undefined when the message has none. */
  readonly messageGroupId?: string | undefined;
}

/** Says whether the messages of a group must wait although it is their turn. */
export type IsWithheld = (group: string) => boolean;

/** What waits of one group. */
interface Group<Message> {
  /** Undefined for the messages without a group. */
  readonly name: string | undefined;
  /** Number of waiting messages, in both lines. */
  waiting: number;
  /** Messages beyond `quietMessages`, oldest first. */
  readonly backlog: Line<Message>;
}

/** A group with more waiting messages than this is noisy. */
export const quietMessages = 1000;

const withholdNone: IsWithheld = () => false;

/**
 * The visible messages of a standard queue, in the place of fauxqs's array. Messages are handed out in the order of their
 * arrival, but a group that has many has a line of its own for the rest of them. The lines of such groups take turns, and every
 * second message comes from the common line, so a group with few messages does not wait behind the backlog of another. Every
 * step costs the same, however many messages wait. Source: SQS developer guide, how fair queues work.
 *
 * All messages without a group count as one group. In SQS each is a group of its own.
 */
export class FairMessages<Message extends GroupedMessage> {
  /** The first messages of every group, in the order of their arrival. */
  readonly #common = new Line<Message>();
  /** Groups with a backlog, in the order of their turns. */
  readonly #turns = new Line<Group<Message>>();
  readonly #groups = new Map<string | undefined, Group<Message>>();
  #length = 0;
  #isTurnOfBacklogs = false;
  #isWithheld = withholdNone;

  constructor(messages: Iterable<Message> = []) {
    for (const message of messages) this.push(message);
  }

  /** Number of messages of all groups, also of those that are withheld. */
  get length(): number {
    return this.#length;
  }

  push(message: Message): void {
    const group = this.#groupOf(message);
    this.#length += 1;
    group.waiting += 1;
    if (group.waiting <= quietMessages) this.#common.push(message);
    else this.#pushToBacklog(group, message);
  }

  /** Removes the message whose turn it is. Undefined when there is none, or all are withheld. */
  shift(): Message | undefined {
    const message = this.#next();
    if (message === undefined) return undefined;
    const group = this.#groupOf(message);
    if (message === this.#common.first) this.#common.shift();
    else this.#shiftBacklog(group);
    this.#isTurnOfBacklogs = !this.#isTurnOfBacklogs;
    this.#length -= 1;
    group.waiting -= 1;
    if (group.waiting === 0) this.#groups.delete(group.name);
    return message;
  }

  /** Runs the work without the groups that are withheld. The work must not wait for anything. */
  withholding<Result>(isWithheld: IsWithheld, work: () => Result): Result {
    this.#isWithheld = isWithheld;
    try {
      return work();
    } finally {
      this.#isWithheld = withholdNone;
    }
  }

  /** Whether `shift` has a message. */
  get isOffering(): boolean {
    return this.#next() !== undefined;
  }

  #groupOf({ messageGroupId: name }: Message): Group<Message> {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = { name, waiting: 0, backlog: new Line<Message>() };
    this.#groups.set(name, group);
    return group;
  }

  #pushToBacklog(group: Group<Message>, message: Message): void {
    if (group.backlog.length === 0) this.#turns.push(group);
    group.backlog.push(message);
  }

  #shiftBacklog(group: Group<Message>): void {
    group.backlog.shift();
    this.#turns.shift();
    if (group.backlog.length > 0) this.#turns.push(group);
  }

  #next(): Message | undefined {
    const common = this.#nextCommon();
    const backlog = common === undefined || this.#isTurnOfBacklogs ? this.#nextBacklog() : undefined;
    return backlog ?? common;
  }

  /** Messages of withheld groups leave the common line, so that they are looked at once. */
  #nextCommon(): Message | undefined {
    for (let first = this.#common.first; first !== undefined; first = this.#common.first) {
      const group = this.#groupOf(first);
      if (group.name === undefined || !this.#isWithheld(group.name)) return first;
      this.#common.shift();
      this.#pushToBacklog(group, first);
    }
    return undefined;
  }

  /** Withheld groups before the next one lose their turn. */
  #nextBacklog(): Message | undefined {
    for (let left = this.#turns.length; left > 0; left -= 1) {
      const group = this.#turns.first;
      if (group === undefined) return undefined;
      if (group.name === undefined || !this.#isWithheld(group.name)) return group.backlog.first;
      this.#turns.shift();
      this.#turns.push(group);
    }
    return undefined;
  }
}

interface Link<Item> {
  readonly item: Item;
  next?: Link<Item>;
}

/** First in, first out. An array would move all its other items whenever the first one leaves. */
class Line<Item> {
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
