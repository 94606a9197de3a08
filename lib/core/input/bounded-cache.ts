/**
 * Keeps what was derived from a text, so that it is derived once. Texts come from rules, which are few, but also from
 * whoever writes them, so the number kept is bounded: when full, the oldest makes room.
 */
export class BoundedCache<Value> {
  private readonly entries = new Map<string, Value>();
  private readonly maxEntries: number;
  private readonly derive: (text: string) => Value;

  constructor(maxEntries: number, derive: (text: string) => Value) {
    this.maxEntries = maxEntries;
    this.derive = derive;
  }

  /** What `derive` throws is not kept. */
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
