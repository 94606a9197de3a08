/** Counts the events that a worker has settled, and lets callers wait for a count. */
export function countSettled() {
  let settled = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  return {
    add(count: number): void {
      settled += count;
      const reached = waiting.filter((each) => each.count <= settled);
      waiting = waiting.filter((each) => each.count > settled);
      for (const { resolve } of reached) resolve();
    },
    async atLeast(count: number): Promise<void> {
      if (settled < count) await new Promise<void>((resolve) => void waiting.push({ count, resolve }));
    },
  };
}
