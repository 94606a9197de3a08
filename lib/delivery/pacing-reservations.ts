import type { RatedDestination, Turn } from '../core/rate-reservation.ts';
import type { RateLimiter, ReserveOptions } from './rate-limiter.ts';

/** What one request was given. */
export type Reserved = { readonly slotMs: number } | { readonly turn: Turn };

interface Asking {
  readonly resolve: (reserved: Reserved) => void;
  readonly reject: (error: unknown) => void;
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
  const gathering = new Map<string, { readonly turn: Turn | undefined; readonly asking: Asking[] }>();

  async function reserve(key: string, destination: RatedDestination, options: ReserveOptions, asking: Asking[]) {
    await Promise.resolve();
    gathering.delete(key);
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

  return (destination: RatedDestination, options: ReserveOptions): Promise<Reserved> =>
    new Promise((resolve, reject) => {
      const key = `${destination.incarnation} ${destination.revision} ${options.horizonMs} ${options.turn?.atMs}`;
      const found = gathering.get(key);
      if (found !== undefined && found.turn === options.turn && found.asking.length < mostTogether) {
        found.asking.push({ resolve, reject });
        return;
      }
      const asking = [{ resolve, reject }];
      gathering.set(key, { turn: options.turn, asking });
      void reserve(key, destination, options, asking);
    });
}
