/** The results of a simulated fleet. */
export interface FleetFigures {
  readonly events: number;
  readonly sent: number;
  /** The share of the rate that was used between the end of the warm-up and the last arrival. */
  readonly utilisation: number;
  /** The most requests within any second. */
  readonly fullestSecond: number;
  /** Batches that arrived or came back. */
  readonly batches: number;
  readonly writes: number;
  readonly reads: number;
  /** Writes per second while events arrive. The writes for the backlog afterwards do not count. */
  readonly writesPerSecond: number;
  readonly returns: number;
  readonly missedSlots: number;
  /** Jain's index over the mean wait of each worker's events. It is 1 when no worker is at a disadvantage. */
  readonly fairness: number;
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  /** Time from the first event to the last request. */
  readonly lastSentAfterMs: number;
}

/** Records the events of the simulation with its own time, not with the clocks of the workers. */
export class FleetJournal {
  readonly sentAtMs: number[] = [];
  readonly #waitsMs: number[] = [];
  readonly #perWorker = new Map<number, { sent: number; waitedMs: number }>();
  returns = 0;
  missedSlots = 0;
  batches = 0;

  sent(worker: number, bornMs: number, atMs: number): void {
    this.sentAtMs.push(atMs);
    this.#waitsMs.push(atMs - bornMs);
    const own = this.#perWorker.get(worker) ?? { sent: 0, waitedMs: 0 };
    this.#perWorker.set(worker, { sent: own.sent + 1, waitedMs: own.waitedMs + atMs - bornMs });
  }

  fairness(): number {
    return jain([...this.#perWorker.values()].map(({ sent, waitedMs }) => waitedMs / sent));
  }

  waitMs(part: number): number {
    const sorted = this.#waitsMs.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  }

  lastSentMs(): number {
    return this.sentAtMs.reduce((last, atMs) => Math.max(last, atMs), Number.NEGATIVE_INFINITY);
  }

  sentBetween(fromMs: number, toMs: number): number {
    return this.sentAtMs.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
  }

  /** The most requests in any window of this length. Only windows that begin with a request need to be examined. */
  mostWithin(windowMs: number): number {
    const sorted = this.sentAtMs.toSorted((a, b) => a - b);
    let most = 0;
    let first = 0;
    for (const [index, atMs] of sorted.entries()) {
      // Slots are exact to the microsecond, so the end of the window is computed to the microsecond too.
      while (Math.round((atMs - (sorted[first] ?? atMs)) * 1000) >= windowMs * 1000) first += 1;
      most = Math.max(most, index - first + 1);
    }
    return most;
  }
}

/** Source: Jain, Chiu, Hawe, A quantitative measure of fairness, 1984. */
function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}
