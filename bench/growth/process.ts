import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Processor time and memory of a process. */
export interface Usage {
  readonly cpuMs: number;
  /** Memory after garbage collections: the heap and the buffers outside it. */
  readonly heldBytes: number;
  /** The most memory that the process has used. */
  readonly peakBytes: number;
}

/** @returns the processor time of this process so far in ms, without the garbage collections that `usage` starts */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 - collectingMs;
}

let collectingMs = 0;

export function usage(): Usage {
  const beforeMs = cpuMs();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times += 1) collect();
  const { heapUsed, external } = process.memoryUsage();
  collectingMs += cpuMs() - beforeMs;
  return { cpuMs: beforeMs, heldBytes: heapUsed + external, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

/** Answers the messages of the parent one after the other. */
export function answerAsks<Ask>(answer: (ask: Ask) => Promise<object>): void {
  process.on('message', (ask) => {
    void answer(ask as Ask).then((result) => process.send?.(result));
  });
  process.once('disconnect', () => process.exit());
}
