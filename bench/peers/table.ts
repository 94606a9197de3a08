import type { Figure } from '../figure.ts';
import { medianOf, medianRatio } from '../rounds.ts';

/** What each side came to in each round, by what was measured. */
export class Table {
  readonly #rows = new Map<string, Map<string, number[]>>();

  add(measure: string, side: string, value: number): void {
    const row = this.#rows.get(measure) ?? new Map<string, number[]>();
    this.#rows.set(measure, row);
    row.set(side, [...(row.get(side) ?? []), value]);
  }

  /** The median of its rounds, for each side. */
  figures(goal: number): Figure[] {
    return [...this.#rows].flatMap(([measure, row]) =>
      [...row].map(([side, values]) => ({ goal, name: `${measure}: ${side}`, ...medianOf(values), target: '' })),
    );
  }

  /** The median of what one side came to for each of the others, round by round. */
  ratios(goal: number, measure: string, side: string): Figure[] {
    const row = this.#rows.get(measure) ?? new Map<string, number[]>();
    const values = row.get(side) ?? [];
    return [...row]
      .filter(([other]) => other !== side)
      .map(([other, reference]) => {
        const name = `${measure}, ${side} to ${other}`;
        return { goal, name, ...medianRatio(values, reference), target: '' };
      });
  }
}
