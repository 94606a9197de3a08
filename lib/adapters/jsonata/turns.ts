/**
 * Gives turns to destinations by the time that their work has taken: the destination that has used the least time is next. Among equals,
 * the one that has waited longest is next.
 *
 * A destination whose work took a second gets no other turn until each other one has used a second too, or has nothing to do. A
 * destination that had nothing to do gets no credit for that time.
 */
export class Turns<Work> {
  /** By destination. The one that has waited longest is the first. */
  readonly #waiting = new Map<string, Set<Work>>();
  /** The time that each destination has used. It has only destinations that have used more than the one of the last turn. */
  readonly #usedMs = new Map<string, number>();
  /** The time that the destination of the last turn had used before it. */
  #leastMs = 0;

  add(destination: string, work: Work): void {
    const line = this.#waiting.get(destination) ?? new Set();
    this.#waiting.set(destination, line.add(work));
  }

  remove(destination: string, work: Work): void {
    const line = this.#waiting.get(destination);
    line?.delete(work);
    if (line?.size === 0) this.#waiting.delete(destination);
  }

  /** Takes out the work that is next. */
  next(): { readonly destination: string; readonly work: Work } | undefined {
    let next: string | undefined;
    for (const each of this.#waiting.keys()) {
      if (next === undefined || this.#usedBy(each) < this.#usedBy(next)) next = each;
    }
    if (next === undefined) return undefined;
    this.#leastMs = this.#usedBy(next);
    for (const [each, usedMs] of this.#usedMs) if (usedMs <= this.#leastMs) this.#usedMs.delete(each);
    for (const work of this.#waiting.get(next) ?? []) {
      this.remove(next, work);
      return { destination: next, work };
    }
    return undefined;
  }

  /** Ends the turn. The next turn of the destination comes after those that came meanwhile. */
  end(destination: string, tookMs: number): void {
    this.#usedMs.set(destination, this.#leastMs + tookMs);
    const line = this.#waiting.get(destination);
    if (line === undefined) return;
    this.#waiting.delete(destination);
    this.#waiting.set(destination, line);
  }

  #usedBy(destination: string): number {
    return Math.max(this.#leastMs, this.#usedMs.get(destination) ?? 0);
  }
}
