/**
 * A map that cannot grow without end. Its keys come from rules and destinations, which are few, but also from the senders of
 * requests. When the map is full, it drops the entry that was set longest ago. To keep an entry that is used often, set it again
 * at each use.
 */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #maxEntries: number;
  readonly #isInUse: (value: Value) => boolean;

  /** @param isInUse whether the map must keep this value, even if the map grows beyond the limit; default: no value is in use */
  constructor(maxEntries: number, isInUse: (value: Value) => boolean = () => false) {
    this.#maxEntries = maxEntries;
    this.#isInUse = isInUse;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** A key that already exists counts as set just now. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#maxEntries) return;
    for (const [oldest, kept] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries || oldest === key) return;
      if (!this.#isInUse(kept)) this.#entries.delete(oldest);
    }
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  /** Returns the value of the key. Creates and sets a missing value. An existing entry does not count as set again. */
  getOrCreate(key: Key, create: (key: Key) => Value): Value {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const value = create(key);
    this.set(key, value);
    return value;
  }
}
