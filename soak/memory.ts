import type { ProcessMemory } from './stack.ts';

/** The memory of one stack process, soon after its start and at its end. */
export interface MemoryGrowth {
  readonly upMs: number;
  readonly firstHeapBytes: number;
  readonly lastHeapBytes: number;
  readonly firstResidentBytes: number;
  readonly lastResidentBytes: number;
}

/** After this time, a process has loaded its code and filled its caches. */
const warmMs = 5000;

/** The median of this many measurements is used, because the work in progress distorts a single one. */
const measurements = 3;

/** The memory of all processes over their lifetimes. */
export class MemoryRecord {
  readonly #byProcess = new Map<number, ProcessMemory[]>();

  add(memory: ProcessMemory): void {
    const samples = this.#byProcess.get(memory.pid) ?? [];
    this.#byProcess.set(memory.pid, [...samples, memory]);
  }

  /** The calls that all processes have made to fail, as far as they were asked. */
  failedCalls(): number {
    return [...this.#byProcess.values()].reduce((sum, samples) => sum + (samples.at(-1)?.failedCalls ?? 0), 0);
  }

  /** The growth of each process that was measured often enough, in order. */
  growths(): readonly MemoryGrowth[] {
    return [...this.#byProcess.values()].flatMap((samples) => growthOf(samples) ?? []);
  }
}

function growthOf(samples: readonly ProcessMemory[]): MemoryGrowth | undefined {
  const warm = samples.filter(({ upMs }) => upMs >= warmMs);
  // The first fifth of a long-lived process is left out, because its memory still grows then.
  const lifeMs = warm.at(-1)?.upMs ?? 0;
  const settled = warm.filter(({ upMs }) => upMs >= lifeMs / 5);
  const few = Math.min(measurements, Math.floor(settled.length / 2));
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
