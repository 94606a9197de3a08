import type { Figure } from '../figure.ts';
import { medianOf, medianRatio } from '../rounds.ts';

/** Collects the results of each side in each round. A measure is, for example, the processor time per event. */
export class Table {
  readonly #rows = new Map<string, Map<string, number[]>>();

  add(measure: string, side: string, value: number): void {
    const row = this.#rows.get(measure) ?? new Map<string, number[]>();
    this.#rows.set(measure, row);
    row.set(side, [...(row.get(side) ?? []), value]);
  }

  /** The median over the rounds for each side. */
  figures(goal: number): Figure[] {
    return [...this.#rows].flatMap(([measure, row]) =>
      [...row].map(([side, values]) => ({ goal, name: `${measure}: ${side}`, ...medianOf(values), target: '' })),
    );
  }

  /** Compares one side with each other side. Each figure is the median of the ratios of the rounds. */
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
