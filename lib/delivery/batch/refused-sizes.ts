import type { ApiDestination } from '../../core/destination/api-destination.ts';
import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { Clock } from '../../ports/clock.ts';

/** Servers often accept bodies of 1 MB at most, such as nginx without settings. A larger event goes alone. */
const maxBatchBytes = 1_000_000;

/** How long a worker remembers that an endpoint has refused a body as too large. */
const rememberMs = 600_000;
/** For more API destinations than this, refused sizes are forgotten earlier. */
const maxDestinations = 1000;

interface RefusedSize {
  /** Of the API destination. Each revision may have another endpoint. */
  readonly revision: number;
  readonly mostBytes: number;
  readonly untilMs: number;
}

/** Which sizes of batches the endpoints have refused with a 413. */
export interface RefusedSizes {
  /** The most bytes that a batch for this destination should have. */
  mostBytes(destination: ApiDestination): number;
  /** @param bytes size of the refused batch; half of it may be accepted */
  remember(destination: ApiDestination, bytes: number): void;
}

export function createRefusedSizes(clock: Pick<Clock, 'nowMs'>): RefusedSizes {
  const refused = new BoundedMap<string, RefusedSize>(maxDestinations);

  function mostBytes({ incarnation, revision }: ApiDestination): number {
    const known = refused.get(incarnation);
    return known?.revision === revision && clock.nowMs() < known.untilMs ? known.mostBytes : maxBatchBytes;
  }

  return {
    mostBytes,
    remember(destination, bytes) {
      const { incarnation, revision } = destination;
      // A smaller batch may have been refused in the meantime.
      const most = Math.min(mostBytes(destination), Math.floor(bytes / 2));
      refused.set(incarnation, { revision, mostBytes: most, untilMs: clock.nowMs() + rememberMs });
    },
  };
}
