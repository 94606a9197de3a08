/** One line of the benches' output. */
export interface Figure {
  readonly goal: number;
  readonly name: string;
  readonly value: number;
  readonly target: string;
}

export function printFigure({ value, ...figure }: Figure): void {
  const { goal, name, target } = figure;
  console.log(JSON.stringify({ goal, name, value: Number(value.toPrecision(3)), target }));
}
