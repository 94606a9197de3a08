/** One resource for each region, created at the region's first use. If creating it fails, the next use tries again. */
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

  /** The resources that have been created. */
  async opened(): Promise<readonly Resource[]> {
    const made = await Promise.allSettled(this.#made.values());
    return made.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Ends every resource, including those that are still being created. */
  async close(end: (resource: Resource) => Promise<void> | void): Promise<void> {
    const made = await Promise.allSettled(this.#made.values());
    this.#made.clear();
    for (const result of made) if (result.status === 'fulfilled') await end(result.value);
  }
}
