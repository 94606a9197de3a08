/** A message as far as fairness is concerned. */
export interface GroupedMessage {
  /** MessageGroupId; undefined when the message has none. */
  readonly messageGroupId?: string | undefined;
}

/** Says whether the messages of a group must wait although it is their turn. */
export type IsWithheld = (group: string) => boolean;

/** The messages of one group that wait, oldest first. */
interface Turn<Message> {
  /** Undefined for a message without a group. */
  readonly group: string | undefined;
  readonly messages: Line<Message>;
}

const withholdNone: IsWithheld = () => false;

/**
 * The visible messages of a standard queue, in the place of fauxqs's array. Groups are handed out in turn, one message
 * each, so a group with few messages does not wait behind the backlog of another. Every step costs the same, however many
 * messages wait. A message without a group is a group of its own. Source: SQS developer guide, how fair queues work.
 *
 * SQS lets the other groups go first only when one group has many messages in flight. This stand-in always takes turns.
 */
export class FairMessages<Message extends GroupedMessage> {
  readonly #turns = new Line<Turn<Message>>();
  readonly #groups = new Map<string, Turn<Message>>();
  #length = 0;
  #isWithheld = withholdNone;

  constructor(messages: Iterable<Message> = []) {
    for (const message of messages) this.push(message);
  }

  /** Number of messages of all groups, also of those that are withheld. */
  get length(): number {
    return this.#length;
  }

  push(message: Message): void {
    const { messageGroupId: group } = message;
    this.#length += 1;
    const waiting = group === undefined ? undefined : this.#groups.get(group);
    if (waiting !== undefined) return waiting.messages.push(message);
    const turn = { group, messages: new Line<Message>() };
    turn.messages.push(message);
    this.#turns.push(turn);
    if (group !== undefined) this.#groups.set(group, turn);
  }

  /** Removes the oldest message of the group whose turn it is. Undefined when there is none, or all are withheld. */
  shift(): Message | undefined {
    const turn = this.#nextTurn();
    const message = turn?.messages.shift();
    if (turn === undefined || message === undefined) return undefined;
    this.#turns.shift();
    this.#length -= 1;
    if (turn.messages.length > 0) this.#turns.push(turn);
    else if (turn.group !== undefined) this.#groups.delete(turn.group);
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
    return this.#nextTurn() !== undefined;
  }

  /** The group whose turn it is. Withheld groups before it lose their turn. */
  #nextTurn(): Turn<Message> | undefined {
    for (let left = this.#turns.length; left > 0; left -= 1) {
      const turn = this.#turns.first;
      if (turn === undefined || turn.group === undefined || !this.#isWithheld(turn.group)) return turn;
      this.#turns.shift();
      this.#turns.push(turn);
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
