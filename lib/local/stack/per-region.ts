/** What each region has one of, made when the region is first used; a failed making is tried again by the next use. */
export class PerRegion<Resource> {
  readonly #make: (region: string) => Promise<Resource>;
  readonly #made = new Map<string, Promise<Resource>>();

  constructor(make: (region: string) => Promise<Resource>) {
    this.#make = make;
  }

  get(region: string): Promise<Resource> {
    const made = this.#made.get(region);
    if (made !== undefined) return made;
    const making = this.#make(region);
    this.#made.set(region, making);
    making.catch(() => this.#made.delete(region));
    return making;
  }

  /** Ends every one that was made, those still in the making included. */
  async close(end: (resource: Resource) => Promise<void> | void): Promise<void> {
    const made = await Promise.allSettled(this.#made.values());
    this.#made.clear();
    for (const result of made) if (result.status === 'fulfilled') await end(result.value);
  }
}
