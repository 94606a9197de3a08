/**
 * Caches a value that is derived from a text. The texts come from users, so the number of entries is bounded: a full cache
 * drops its oldest entry.
 */
export class BoundedCache<Value> {
  private readonly entries = new Map<string, Value>();
  private readonly maxEntries: number;
  private readonly derive: (text: string) => Value;

  constructor(maxEntries: number, derive: (text: string) => Value) {
    this.maxEntries = maxEntries;
    this.derive = derive;
  }

  /** An error of `derive` is thrown and not cached. */
  get(text: string): Value {
    const known = this.entries.get(text);
    if (known !== undefined) return known;
    const value = this.derive(text);
    if (this.entries.size >= this.maxEntries) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    this.entries.set(text, value);
    return value;
  }

  get size(): number {
    return this.entries.size;
  }
}
