/**
 * One way of delivering: the processor time of its process for so many, in ms. All of them keep the processor busy, so on
 * an idle machine that is the time on the clock; on a busy one it is what the others cannot distort.
 */
export type Contender = (deliveries: number) => Promise<number>;

export interface RoundsOptions {
  readonly rounds: number;
  readonly deliveriesPerRound: number;
}

/** Not counted: the compiler has seen everything by then. */
const warmUpRounds = 4;

/**
 * Runs the contenders alternately, each round in the opposite order of the one before, so that what else the machine
 * does meets all of them alike.
 *
 * @returns deliveries per second of processor time, per contender and round
 */
export async function alternate<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  { rounds, deliveriesPerRound }: RoundsOptions,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const rates = Object.fromEntries(names.map((name): [Name, number[]] => [name, []])) as Record<Name, number[]>;
  for (const name of names) await contenders[name](warmUpRounds * deliveriesPerRound);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names.toReversed()) {
      rates[name].push((deliveriesPerRound * 1000) / (await contenders[name](deliveriesPerRound)));
    }
    names.reverse();
  }
  return rates;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** A median over rounds, and half of what the middle half of them spans. */
export interface Measured {
  readonly value: number;
  readonly noise: number;
}

/** Of the ratios of each round: its two figures were measured side by side. */
export function medianRatio(rates: readonly number[], reference: readonly number[]): Measured {
  return medianOf(rates.map((rate, round) => rate / (reference[round] ?? Number.NaN)));
}

export function medianOf(values: readonly number[]): Measured {
  const sorted = values.toSorted((one, other) => one - other);
  const quartile = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return { value: median(values), noise: (quartile(0.75) - quartile(0.25)) / 2 };
}

/** Keeps so many deliveries under way until all are done. */
export async function inLanes(
  deliveries: number,
  lanes: number,
  deliver: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  async function lane(): Promise<void> {
    while (next < deliveries) {
      next += 1;
      await deliver(next - 1);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
}
