import type { ProcessMemory } from './stack.ts';

/** Of one process of a stack: what it needed early in its life and late. */
export interface MemoryGrowth {
  readonly upMs: number;
  readonly firstHeapBytes: number;
  readonly lastHeapBytes: number;
  readonly firstResidentBytes: number;
  readonly lastResidentBytes: number;
}

/** Code and caches are loaded by then. */
const warmMs = 5000;

/** One look is what is under way at the time; of so many the one in the middle is not. */
const looks = 3;

/** What processes needed, over their lifetimes. */
export class MemoryRecord {
  readonly #byProcess = new Map<number, ProcessMemory[]>();

  add(memory: ProcessMemory): void {
    const samples = this.#byProcess.get(memory.pid) ?? [];
    this.#byProcess.set(memory.pid, [...samples, memory]);
  }

  /** Of the processes that have been looked at often enough, in order. */
  growths(): readonly MemoryGrowth[] {
    return [...this.#byProcess.values()].flatMap((samples) => growthOf(samples) ?? []);
  }
}

function growthOf(samples: readonly ProcessMemory[]): MemoryGrowth | undefined {
  const warm = samples.filter(({ upMs }) => upMs >= warmMs);
  // A fifth of a long life is its beginning.
  const lifeMs = warm.at(-1)?.upMs ?? 0;
  const settled = warm.filter(({ upMs }) => upMs >= lifeMs / 5);
  const few = Math.min(looks, Math.floor(settled.length / 2));
  if (few === 0) return undefined;
  const [first, last] = [settled.slice(0, few), settled.slice(-few)];
  return {
    upMs: lifeMs,
    firstHeapBytes: middle(first.map(({ heapBytes }) => heapBytes)),
    lastHeapBytes: middle(last.map(({ heapBytes }) => heapBytes)),
    firstResidentBytes: middle(first.map(({ residentBytes }) => residentBytes)),
    lastResidentBytes: middle(last.map(({ residentBytes }) => residentBytes)),
  };
}

function middle(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? 0;
}
