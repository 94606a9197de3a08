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
  /** Arrivals and dead letters of events that nobody has sent, or not in that form. */
  readonly unknown: number;
}

interface Entry {
  answer: 'none' | 'accepted' | 'unanswered' | 'refused';
  deliveries: number;
  deadLetters: number;
}

/** Follows each event from its sender to its end. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  #unknown = 0;

  /** Before it is sent: it may arrive before its answer does. */
  send(id: string): void {
    this.#entries.set(id, { answer: 'none', deliveries: 0, deadLetters: 0 });
  }

  answered(id: string, answer: 'accepted' | 'unanswered' | 'refused'): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.answer = answer;
  }

  delivered(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) this.#unknown += 1;
    else entry.deliveries += 1;
  }

  deadLettered(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) this.#unknown += 1;
    else entry.deadLetters += 1;
  }

  balance(): LedgerBalance {
    const entries = [...this.#entries.values()];
    const accepted = entries.filter(({ answer }) => answer === 'accepted');
    const unanswered = entries.filter(({ answer }) => answer === 'unanswered');
    const delivered = accepted.filter(({ deliveries }) => deliveries > 0).length;
    const lost = [...this.#entries].filter(([, entry]) => entry.answer === 'accepted' && !isSettled(entry));
    return {
      accepted: accepted.length,
      delivered,
      deadLettered: accepted.length - delivered - lost.length,
      lost: lost.map(([id]) => id),
      unanswered: unanswered.length,
      unansweredButSettled: unanswered.filter(isSettled).length,
      refused: entries.filter(({ answer }) => answer === 'refused').length,
      duplicates: entries.reduce((sum, entry) => sum + Math.max(0, entry.deliveries + entry.deadLetters - 1), 0),
      unknown: this.#unknown,
    };
  }
}

function isSettled({ deliveries, deadLetters }: Entry): boolean {
  return deliveries + deadLetters > 0;
}

/** Whether every event that was accepted is accounted for, and nothing came from nowhere. */
export function isBalanced({ lost, unknown }: LedgerBalance): boolean {
  return lost.length === 0 && unknown === 0;
}

const maxLostShown = 10;

export function formatBalance(balance: LedgerBalance): string {
  const { accepted, delivered, deadLettered, lost, unanswered, unansweredButSettled } = balance;
  const lines = [
    `${accepted} accepted = ${delivered} delivered + ${deadLettered} dead-lettered + ${lost.length} lost`,
    `${balance.duplicates} duplicates, ${balance.refused} refused, ${balance.unknown} unknown`,
    `${unanswered} sent without an answer, of which ${unansweredButSettled} were delivered or dead-lettered`,
  ];
  if (lost.length > 0) lines.push(`lost: ${lost.slice(0, maxLostShown).join(', ')}`);
  return lines.join('\n');
}
