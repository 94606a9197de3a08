import type Bottleneck from 'bottleneck';
import type { ConcurrencyLimit } from '../ports/delivery.ts';

interface Queue {
  readonly limiter: Bottleneck;
  maximum: number;
  jobs: number;
}

/**
 * Keeps one queue per key. A queue exists only while it has work, so that old keys leave no memory and no timer behind.
 * Bottleneck is loaded when it is first used, so that workers without a limit never load it.
 */
export function createBottleneckConcurrencyLimit(): ConcurrencyLimit & { readonly size: number } {
  const queues = new Map<string, Queue>();

  return {
    get size() {
      return queues.size;
    },
    async run(key, maximum, work) {
      const { default: Limiter } = await import('bottleneck/light.js');
      const queue = queues.get(key) ?? { limiter: new Limiter({ maxConcurrent: maximum }), maximum, jobs: 0 };
      queues.set(key, queue);
      if (queue.maximum !== maximum) queue.limiter.updateSettings({ maxConcurrent: maximum });
      queue.maximum = maximum;
      queue.jobs += 1;
      try {
        return await queue.limiter.schedule(work);
      } finally {
        queue.jobs -= 1;
        if (queue.jobs === 0) queues.delete(key);
      }
    },
  };
}
