import type { LineConditions } from '../../core/delivery/line-conditions.ts';
import type { HistoryFilter, RecordedConclusion } from '../../ports/history.ts';
import type { DeliveryLine } from './delivery-lines.ts';
import { deliveriesIn, matches } from './delivery-lines.ts';
import type { QueryRange } from './query.ts';

/** A line can be found some seconds after it was written, and the clock of this machine may be ahead of that of AWS. */
const latenessMs = 300_000;

/** Returns all lines in the range that match, and perhaps others. */
type ReadLines = (conditions: LineConditions, range: QueryRange) => Promise<Iterable<DeliveryLine>>;

/**
 * Follows the log lines of one region. Each query reads the last five minutes again, because lines come late and not in their order, and
 * leaves out the lines that are known.
 */
export class NewLines {
  readonly #read: ReadLines;
  /** The time of each known line, by its pointer. */
  readonly #known = new Map<string, number>();
  #fromMs: number | undefined;

  constructor(read: ReadLines) {
    this.#read = read;
  }

  /** Records of lines that were found since the last call. The first call finds none. */
  async since(filter: HistoryFilter, { startMs, endMs }: QueryRange): Promise<readonly RecordedConclusion[]> {
    const { afterMs: _after, beforeMs: _before, ...conditions } = filter;
    const isFirst = this.#fromMs === undefined;
    const range = { startMs: Math.min(this.#fromMs ?? startMs, startMs) - latenessMs, endMs };
    const found = [...(await this.#read(conditions, range))];
    const fresh = isFirst ? [] : found.filter(({ pointer }) => !this.#known.has(pointer));
    for (const { pointer, record } of found) this.#known.set(pointer, record.concludedAtMs);
    for (const [pointer, atMs] of this.#known) if (atMs < range.startMs - latenessMs) this.#known.delete(pointer);
    this.#fromMs = startMs;
    return fresh
      .toSorted((a, b) => a.record.concludedAtMs - b.record.concludedAtMs)
      .flatMap((line) => deliveriesIn([line]))
      .filter((delivery) => matches(delivery, conditions))
      .map(({ beganAtMs: _began, records: _all, ...conclusion }) => conclusion);
  }
}
