/** One line of the benches' output. */
export interface Figure {
  readonly goal: number;
  readonly name: string;
  readonly value: number;
  readonly target: string;
  /** Beyond its target by more than the noise of the machine: the bench fails. */
  readonly broken?: boolean;
}

export function printFigure({ goal, name, value, target, broken = false }: Figure): void {
  console.log(JSON.stringify({ goal, name, value: Number(value.toPrecision(3)), target, ...(broken && { broken }) }));
  if (broken) process.exitCode = 1;
}
