/** Goal 8: the cost of one event does not grow with the number of destinations, the backlog or the size of other events. */
import type { Figure } from '../figure.ts';
import { backlogFigures, measureBacklogs } from './backlog.ts';
import { destinationFigures, measureDestinations } from './destinations.ts';
import type { GrowthName } from './figures.ts';
import { drawnPoint, writeGrowth } from './figures.ts';
import type { Point } from './measure.ts';
import { measureSizes, sizeFigures } from './sizes.ts';

const rounds = 5;

/** @param options.plots whether the new measurements replace the figures and pictures of the project */
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
  // Loaded only when needed, because it takes a second and the other benches draw nothing.
  if (plots) await (await import('./plots.ts')).writePlots();
  return [...destinationFigures(destinations), ...sizeFigures(sizes), ...backlogFigures(backlog)];
}
