/**
 * One worker. Its first message contains its settings. Each further message says how many batches to keep in flight and for how
 * long. The worker answers with the result.
 */
import type { Conclusion } from '../../lib/core/delivery/delivery.ts';
import { batchSize, newBatchWorker } from '../worker/batch-worker.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { watchLag } from './noise.ts';

export interface AloneInput {
  readonly destination: string;
  readonly batches: number;
  readonly seconds: number;
}

export interface AloneAnswer {
  readonly events: number;
  readonly deferred: number;
  /** Share of one processor. */
  readonly cpuPart: number;
  readonly worstLagMs: number;
}

function createRun(surroundings: WorkerSurroundings) {
  let deferred = 0;
  const record = ({ settlement }: Conclusion) => {
    if (settlement.kind === 'deferred') deferred += 1;
  };
  const deliverMessages = newBatchWorker(surroundings, { record });
  const worstLagMs = watchLag();

  return async ({ destination, batches, seconds }: AloneInput): Promise<AloneAnswer> => {
    const beganMs = performance.now();
    const before = process.cpuUsage();
    let events = 0;
    deferred = 0;
    worstLagMs();
    async function lane(): Promise<void> {
      while (performance.now() - beganMs < seconds * 1000) {
        events += batchSize;
        await deliverMessages(destination, events - batchSize);
      }
    }
    await Promise.all(Array.from({ length: batches }, lane));
    const { user, system } = process.cpuUsage(before);
    const cpuPart = (user + system) / 1000 / (performance.now() - beganMs);
    return { events, deferred, cpuPart, worstLagMs: worstLagMs() };
  };
}

process.once('message', (input) => {
  const run = createRun(input as WorkerSurroundings);
  process.on('message', (asked) => void run(asked as AloneInput).then((answer) => process.send?.(answer)));
  process.send?.({ ready: true });
});
process.once('disconnect', () => process.exit());
