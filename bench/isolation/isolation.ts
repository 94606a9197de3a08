import type { Figure } from '../figure.ts';
import { measureFleetIsolation } from './fleet.ts';
import type { Extent } from './local.ts';
import { measureLocalIsolation } from './local.ts';

/** Goal 10: dead destinations do not delay the events of healthy ones, on the local stack and in a simulated fleet. */
export async function* measureIsolation(extent: Extent): AsyncGenerator<Figure> {
  yield* measureLocalIsolation(extent);
  if (extent !== 'quick') yield* measureFleetIsolation({ full: extent === 'full' });
}
