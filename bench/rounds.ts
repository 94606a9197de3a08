/**
 * One way to deliver. It makes a number of deliveries and returns the processor time of its process in ms. Every contender
 * keeps its processor busy, so on an idle machine this time equals the time by the clock. On a busy machine, other processes
 * do not distort it.
 */
export type Contender = (deliveries: number) => Promise<number>;

export interface RoundsOptions {
  readonly rounds: number;
  readonly deliveriesPerRound: number;
}

/** Rounds at the beginning that do not count. After them the compiler has optimised the code. */
const warmUpRounds = 4;

/**
 * Runs the contenders in turn. Each round runs in the opposite order of the previous round, so that disturbances of the machine
 * affect all contenders alike.
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

/** The median of the rounds, and half the distance between their quartiles. */
export interface Measured {
  readonly value: number;
  readonly noise: number;
}

/** Computes a ratio for each round, with both figures from that round, and returns the median of these ratios. */
export function medianRatio(rates: readonly number[], reference: readonly number[]): Measured {
  return medianOf(rates.map((rate, round) => rate / (reference[round] ?? Number.NaN)));
}

export function medianOf(values: readonly number[]): Measured {
  const sorted = values.toSorted((one, other) => one - other);
  const quartile = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return { value: median(values), noise: (quartile(0.75) - quartile(0.25)) / 2 };
}

/** Keeps this many deliveries in flight until all are done. */
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
