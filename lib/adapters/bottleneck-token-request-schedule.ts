import type Bottleneck from 'bottleneck';
import type { TokenRequestSchedule } from '../ports.ts';

interface Queue {
  readonly limiter: Bottleneck;
  requests: number;
}

/**
 * A queue per connection, kept only while a request is in it: no timer stays behind, and connections that come and go
 * leave nothing. Bottleneck is loaded with the first request, since a warm worker makes none.
 */
export function createBottleneckTokenRequestSchedule(): TokenRequestSchedule & { readonly size: number } {
  const queues = new Map<string, Queue>();

  return {
    get size() {
      return queues.size;
    },
    async run(connectionIncarnation, request) {
      const { default: Limiter } = await import('bottleneck/light.js');
      const queue = queues.get(connectionIncarnation) ?? { limiter: new Limiter({ maxConcurrent: 1 }), requests: 0 };
      queues.set(connectionIncarnation, queue);
      queue.requests += 1;
      try {
        return await queue.limiter.schedule(request);
      } finally {
        queue.requests -= 1;
        if (queue.requests === 0) queues.delete(connectionIncarnation);
      }
    },
  };
}
