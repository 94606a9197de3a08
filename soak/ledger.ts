/** Counts how the sent events ended. The texts in the lists are event ids. */
export interface LedgerBalance {
  /** Events whose Invoke or SendMessage was answered with success. */
  readonly accepted: number;
  /** Accepted events that were delivered, even if they are in the dead letters too. */
  readonly delivered: number;
  /** Accepted events in the dead letters that were never delivered. */
  readonly deadLettered: number;
  /** Accepted events that were found nowhere. */
  readonly lost: readonly string[];
  /** Events for which the stack sent no answer. They may have been accepted or not. */
  readonly unanswered: number;
  /** Events for which the stack sent no answer, but which were delivered or dead-lettered. */
  readonly unansweredButSettled: number;
  readonly refused: number;
  /** Counts every arrival and dead letter of an event except its first one. */
  readonly duplicates: number;
  /** Duplicated events that neither an interruption nor a lost answer explains. */
  readonly unexplained: readonly string[];
  /** Arrivals and dead letters of events that were never sent, or were sent in another form. */
  readonly unknown: number;
}

/** An event ends when it is delivered or found in the dead letters. A duplicated event ends more than once. */
interface End {
  readonly kind: 'delivered' | 'dead-lettered';
  /** The time at which the endpoint answered or the dead letter was found, in ms of this process's clock. */
  readonly atMs: number;
  readonly heard: boolean;
}

interface Entry {
  answer: 'none' | 'accepted' | 'unanswered' | 'refused';
  readonly sentAtMs: number;
  readonly ends: End[];
}

interface Interrupted {
  readonly fromMs: number;
  untilMs: number;
}

/**
 * For this time after the answer, an interruption can still prevent the settlement. The rest of the batch may still run, and
 * the call to AWS that settles the delivery may be slow.
 */
const settlingMs = 5000;

/** Follows each event from its sender to its end. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #interruptions: Interrupted[] = [];
  #unknown = 0;

  /** Notes that an event is sent. Call this before sending it, because the event may arrive before the answer to the sender. */
  send(id: string, nowMs = 0): void {
    this.#entries.set(id, { answer: 'none', sentAtMs: nowMs, ends: [] });
  }

  answered(id: string, answer: 'accepted' | 'unanswered' | 'refused'): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.answer = answer;
  }

  delivered(id: string, end: Partial<Omit<End, 'kind'>> = {}): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) this.#unknown += 1;
    else entry.ends.push({ kind: 'delivered', atMs: 0, heard: true, ...end });
  }

  deadLettered(id: string, nowMs = 0): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) this.#unknown += 1;
    else entry.ends.push({ kind: 'dead-lettered', atMs: nowMs, heard: true });
  }

  /** Notes the beginning of a kill or a freeze. @returns a function to call at its end */
  interrupted(nowMs: number): (nowMs: number) => void {
    const interruption = { fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY };
    this.#interruptions.push(interruption);
    return (endMs) => {
      interruption.untilMs = endMs;
    };
  }

  /** The number of accepted events that have neither been delivered nor found in the dead letters. */
  get underWay(): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.answer === 'accepted' && !isSettled(entry)) count += 1;
    return count;
  }

  /**
   * @param prefix chooses the events whose ids begin with it
   * @param part 0.99 gives the 0.99 quantile
   * @returns a quantile of the times from sending an event to its first delivery; undefined when no event was delivered
   */
  deliveryTimeMs(prefix: string, part: number): number | undefined {
    const timesMs: number[] = [];
    for (const [id, { sentAtMs, ends }] of this.#entries) {
      const first = ends.find(({ kind }) => kind === 'delivered');
      if (id.startsWith(prefix) && first !== undefined) timesMs.push(first.atMs - sentAtMs);
    }
    return timesMs.sort((one, other) => one - other)[Math.floor((timesMs.length - 1) * part)];
  }

  balance(): LedgerBalance {
    const entries = [...this.#entries.values()];
    const accepted = entries.filter(({ answer }) => answer === 'accepted');
    const unanswered = entries.filter(({ answer }) => answer === 'unanswered');
    const delivered = accepted.filter(({ ends }) => ends.some(({ kind }) => kind === 'delivered')).length;
    const lost = [...this.#entries].filter(([, entry]) => entry.answer === 'accepted' && !isSettled(entry));
    return {
      accepted: accepted.length,
      delivered,
      deadLettered: accepted.length - delivered - lost.length,
      lost: lost.map(([id]) => id),
      unanswered: unanswered.length,
      unansweredButSettled: unanswered.filter(isSettled).length,
      refused: entries.filter(({ answer }) => answer === 'refused').length,
      duplicates: entries.reduce((sum, entry) => sum + Math.max(0, entry.ends.length - 1), 0),
      unexplained: [...this.#entries].filter(([, entry]) => !this.#areExplained(entry)).map(([id]) => id),
      unknown: this.#unknown,
    };
  }

  /**
   * Whether lost answers or interruptions explain why an event ended more than once. Each end except the last needs an
   * explanation: the worker did not get the endpoint's answer, or a kill or freeze came before the settlement. The kill or
   * freeze may have come long before: after a worker has put a copy of a message into the queue, a kill can prevent it from
   * deleting the original.
   */
  #areExplained({ sentAtMs, ends }: Entry): boolean {
    return ends.slice(0, -1).every(({ heard, atMs }) => !heard || this.#wasInterrupted(sentAtMs, atMs + settlingMs));
  }

  #wasInterrupted(fromMs: number, untilMs: number): boolean {
    return this.#interruptions.some((each) => each.fromMs <= untilMs && each.untilMs >= fromMs);
  }
}

function isSettled({ ends }: Entry): boolean {
  return ends.length > 0;
}

export function formatBalance(balance: LedgerBalance): string {
  const { accepted, delivered, deadLettered, lost, unanswered, unansweredButSettled } = balance;
  const lines = [
    `${accepted} accepted = ${delivered} delivered + ${deadLettered} dead-lettered + ${lost.length} lost`,
    `${balance.duplicates} duplicates, ${balance.unexplained.length} events duplicated without a kill or freeze, ${balance.refused} refused, ${balance.unknown} unknown`,
    `${unanswered} sent without an answer, of which ${unansweredButSettled} were delivered or dead-lettered`,
  ];
  return lines.join('\n');
}
