import type { RatedDestination, Turn } from '../../core/rate/shards.ts';
import type { RateLimiter, ReserveOptions } from './limiter.ts';

/** What one request was given. */
export type Reserved = { readonly slotMs: number } | { readonly turn: Turn };

interface Asking {
  readonly resolve: (reserved: Reserved) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests that ask together. */
interface Group {
  readonly destination: RatedDestination;
  readonly options: ReserveOptions;
  readonly asking: Asking[];
}

/**
 * A batch of the delivery queue. A call goes to one shard, so that the requests of several batches would stand in line at one
 * while the others have slots.
 */
const mostTogether = 10;

/**
 * Reserves for one request at a time. Those of the same moment that want the same, a batch's requests to one destination, ask
 * the limiter together: each for itself would go to a shard of its own, and cost a write.
 *
 * @returns `turn` is compared by identity: only those without one, or with one and the same, ask together
 */
export function createReservations(limiter: RateLimiter) {
  let gathering: Group[] = [];

  async function reserve(group: Group): Promise<void> {
    await Promise.resolve();
    close(group);
    const { destination, options, asking } = group;
    try {
      const { slotTimesMs, returns } = await limiter.reserve(destination, asking.length, options);
      for (const [index, { resolve, reject }] of asking.entries()) {
        const slotMs = slotTimesMs[index];
        const turn = returns[index - slotTimesMs.length];
        if (slotMs !== undefined) resolve({ slotMs });
        else if (turn !== undefined) resolve({ turn });
        else reject(new Error('The limiter has given neither a slot nor a turn.'));
      }
    } catch (error) {
      for (const { reject } of asking) reject(error);
    }
  }

  function close(group: Group): void {
    gathering = gathering.filter((each) => each !== group);
  }

  return (destination: RatedDestination, options: ReserveOptions): Promise<Reserved> =>
    new Promise((resolve, reject) => {
      const found = gathering.find((group) => wantsSame(group, destination, options));
      if (found === undefined) {
        const group = { destination, options, asking: [{ resolve, reject }] };
        gathering.push(group);
        void reserve(group);
        return;
      }
      found.asking.push({ resolve, reject });
      if (found.asking.length === mostTogether) close(found);
    });
}

function wantsSame(group: Group, { incarnation, revision }: RatedDestination, options: ReserveOptions): boolean {
  return (
    group.destination.incarnation === incarnation &&
    group.destination.revision === revision &&
    group.options.horizonMs === options.horizonMs &&
    group.options.turn === options.turn
  );
}
