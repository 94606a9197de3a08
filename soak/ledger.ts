/** What was sent and what became of it, by event id. */
export interface LedgerBalance {
  /** Events whose Invoke or SendMessage was answered with success. */
  readonly accepted: number;
  /** Of those that were accepted: delivered, also when they lie in the dead letters too. */
  readonly delivered: number;
  /** Of those that were accepted: in the dead letters and never delivered. */
  readonly deadLettered: number;
  /** Accepted and seen nowhere. */
  readonly lost: readonly string[];
  /** Requests to which the stack gave no answer: what they carried may have been accepted or not. */
  readonly unanswered: number;
  /** Of those without an answer, the ones that arrived or lie in the dead letters all the same. */
  readonly unansweredButSettled: number;
  readonly refused: number;
  /** Arrivals and dead letters beyond the first of an event. */
  readonly duplicates: number;
  /** Of those, events that came again though nothing had interrupted what was under way, and the answer was taken. */
  readonly unexplained: readonly string[];
  /** Arrivals and dead letters of events that nobody has sent, or not in that form. */
  readonly unknown: number;
}

/** One way in which an event has ended. Times are ms of one clock. */
interface End {
  readonly kind: 'delivered' | 'dead-lettered';
  /** When the endpoint answered; of a dead letter, when it was found. */
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
 * So long after the answer an interruption can still hit before its event is settled: the rest of its batch may be working,
 * and the delivery is settled with the slowest of the calls to AWS.
 */
const settlingMs = 5000;

/** Follows each event from its sender to its end. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #interruptions: Interrupted[] = [];
  #unknown = 0;

  /** Before it is sent: it may arrive before its answer does. */
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

  /** A kill or a freeze begins. @returns what to call when it is over */
  interrupted(nowMs: number): (nowMs: number) => void {
    const interruption = { fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY };
    this.#interruptions.push(interruption);
    return (endMs) => {
      interruption.untilMs = endMs;
    };
  }

  /** Accepted and not seen anywhere yet. */
  get underWay(): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.answer === 'accepted' && !isSettled(entry)) count += 1;
    return count;
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
   * Whether something may have made two of it before each end but the last was settled: also long before, when it had been
   * handed to the queue to wait and a kill kept it from being deleted where it came from.
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
    `${balance.duplicates} duplicates, ${balance.unexplained.length} events with one that has no cause, ${balance.refused} refused, ${balance.unknown} unknown`,
    `${unanswered} sent without an answer, of which ${unansweredButSettled} were delivered or dead-lettered`,
  ];
  return lines.join('\n');
}
