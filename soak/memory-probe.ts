/**
 * Loaded into a stack before anything else (`--expose-gc --import`). Answers each message of its parent with the memory
 * that the process needs after a garbage collection, and with the number of calls that were made to fail.
 */
import { failedCalls } from './call-faults.ts';
import type { ProcessMemory } from './stack.ts';

process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const upMs = Math.round(process.uptime() * 1000);
  const memory: ProcessMemory = {
    pid: process.pid,
    heapBytes: heapUsed + external,
    residentBytes: rss,
    upMs,
    failedCalls: failedCalls(),
  };
  process.send?.(memory, () => undefined);
});

// This channel must not keep the stack running.
process.channel?.unref();
