/** One line of the benches' output. */
export interface Figure {
  readonly goal: number;
  readonly name: string;
  readonly value: number;
  readonly target: string;
  /** Half the distance between the quartiles of the rounds. */
  readonly noise?: number;
  /** Whether the figure misses its target by more than the noise. The bench then fails. */
  readonly broken?: boolean;
}

const printed: Figure[] = [];

export function printFigure(figure: Figure): void {
  const { goal, name, value, target, noise, broken = false } = figure;
  const measured = { value: rounded(value), target, ...(noise !== undefined && { noise: rounded(noise) }) };
  console.log(JSON.stringify({ goal, name, ...measured, ...(broken && { broken }) }));
  printed.push(figure);
  if (broken) process.exitCode = 1;
}

/** Prints all figures as a table for people, on stderr, so that stdout holds JSON lines only. */
export function printTable(): void {
  const rows = printed.map(({ goal, name, value, target, noise, broken = false }) => [
    String(goal),
    `${rounded(value)}${noise === undefined ? '' : ` +- ${rounded(noise)}`}`,
    target,
    broken ? 'missed' : '',
    name,
  ]);
  const all = [['goal', 'value', 'target', '', 'what'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all) console.error(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
