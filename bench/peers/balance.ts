import type { Arrived } from './receiver.ts';

export interface Crashed {
  /** Requests that had no answer yet when their worker was killed. A side that loses no event must send these requests again. */
  readonly unanswered: number;
  /** Requests whose event had already arrived with an earlier request. */
  readonly again: number;
  readonly lost: number;
}

/** @param events number of events that were put, numbered from `first` on */
export function balance(first: number, events: number, { events: arrived, unanswered }: Arrived): Crashed {
  const ours = arrived.filter((event) => event >= first && event < first + events);
  const distinct = new Set(ours).size;
  return { unanswered, again: ours.length - distinct, lost: events - distinct };
}

/** @returns the value below which this share of the sorted values lies */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
