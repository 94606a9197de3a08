/** Goal 8: what one event costs does not grow with what there is beside it. */
import type { Figure } from '../figure.ts';
import { backlogFigures, measureBacklogs } from './backlog.ts';
import { destinationFigures, measureDestinations } from './destinations.ts';
import type { GrowthName } from './figures.ts';
import { drawnPoint, writeGrowth } from './figures.ts';
import type { Point } from './measure.ts';
import { measureSizes, sizeFigures } from './sizes.ts';

const rounds = 5;

/** @param options.plots whether what is measured takes the place of the figures and pictures that the project has */
export async function measureGrowth({ plots }: { readonly plots: boolean }): Promise<Figure[]> {
  const keep = (name: GrowthName, points: readonly Point[]): void => {
    if (plots) writeGrowth({ [name]: points.map(drawnPoint) });
  };
  const destinations = await measureDestinations(rounds);
  keep('destinations', destinations);
  const sizes = await measureSizes(rounds);
  keep('sizes', sizes);
  const backlog = await measureBacklogs(rounds);
  keep('backlog', backlog);
  // Loaded here, for it takes a second: the other benches draw nothing.
  if (plots) await (await import('./plots.ts')).writePlots();
  return [...destinationFigures(destinations), ...sizeFigures(sizes), ...backlogFigures(backlog)];
}
