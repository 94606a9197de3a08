import type { Reservation } from '../../core/rate/shards.ts';

/** A slot that comes later than this shows that its shard has no slots to spare. */
const crowdedAfterMs = 20;

/** After this time without such a slot, a worker uses half as many shards as before. */
const calmAfterMs = 5000;

/**
 * Chooses the shards of a destination for one worker. A worker keeps to a shard of its own, which it therefore knows well, and uses
 * more of them only while this one has no slots to spare. The workers' own shards are chosen at random, so together the workers use all
 * shards. Now and then a worker uses the first shard, because it keeps the health of the endpoint.
 */
export class ShardChoice {
  readonly #batchSize: number;
  readonly #home: number;
  /** Number of shards that this worker uses besides the first one. */
  #width = 1;
  #calmSinceMs = 0;
  #chosen = 0;
  #latest: { readonly group: number; readonly inUse: number; readonly shard: number } | undefined;
  readonly #waiting = new Map<number, number>();

  constructor(batchSize: number, random: () => number) {
    this.#batchSize = batchSize;
    this.#home = Math.floor(random() * homes);
    this.#chosen = Math.floor(random() * homes);
  }

  /**
   * @param group requests of the same group get the same shard, so that they share a write
   * @param inUse number of shards to choose from
   */
  shardOf(group: number, inUse: number): number {
    if (inUse === 1) return 0;
    const { group: latestGroup, inUse: latestInUse, shard: latestShard } = this.#latest ?? {};
    if (latestShard !== undefined && latestGroup === group && latestInUse === inUse) return latestShard;
    const shard = this.#nextShard(inUse);
    this.#latest = { group, inUse, shard };
    return shard;
  }

  #nextShard(inUse: number): number {
    this.#chosen += 1;
    // Each shard then gets an equal part of the fleet's requests.
    if (this.#chosen % inUse === 0) return 0;
    const others = inUse - 1;
    const width = Math.min(this.#width, others);
    for (let step = 0; step < width; step += 1) {
      const shard = this.#own((this.#chosen + step) % width, others);
      if ((this.#waiting.get(shard) ?? 0) < this.#batchSize) return shard;
    }
    this.#width = Math.min(width * 2, others);
    // All of the former shards have requests that wait.
    const former = this.#width === width ? 0 : width;
    return this.#own(former + (this.#chosen % (this.#width - former)), others);
  }

  #own(index: number, others: number): number {
    return 1 + ((this.#home + index) % others);
  }

  /** Makes a reservation that may use any shard, and learns from it whether the shard has slots to spare. */
  async observe(
    shard: number,
    count: number,
    nowMs: () => number,
    reserve: () => Promise<Reservation>,
  ): Promise<Reservation> {
    this.#waiting.set(shard, (this.#waiting.get(shard) ?? 0) + count);
    try {
      const given = await reserve();
      this.#learn(given, nowMs());
      return given;
    } finally {
      this.#waiting.set(shard, (this.#waiting.get(shard) ?? 0) - count);
    }
  }

  #learn({ slotTimesMs, returns }: Reservation, nowMs: number): void {
    const isCrowded = returns.length > 0 || (slotTimesMs.at(-1) ?? nowMs) - nowMs > crowdedAfterMs;
    if (isCrowded) this.#width = Math.min(this.#width * 2, homes);
    else if (nowMs - this.#calmSinceMs < calmAfterMs) return;
    else this.#width = Math.max(1, Math.floor(this.#width / 2));
    this.#calmSinceMs = nowMs;
  }
}

/** More shards than any destination has. */
const homes = 1000;
