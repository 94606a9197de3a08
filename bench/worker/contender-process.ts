/**
 * One contender process. It receives its name, and then, again and again, the number of deliveries to make. Answers with the
 * time in ms and, if asked, with the size of its heap after a garbage collection.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { deliveries, queued } from '../events.ts';
import type { Contender } from '../rounds.ts';

export type ContenderName =
  | 'Pool.request'
  | 'Pool.dispatch'
  | 'HTTP client'
  | 'queued, logging'
  | 'queued, silent'
  | 'queued, silent, table'
  | 'rule target, logging'
  | 'rule target, silent'
  | 'dynamic, logging'
  | 'first try';

export interface ContenderInput extends WorkerSurroundings {
  readonly name: ContenderName;
  readonly receiver: string;
  readonly path: string;
}

/**
 * Each contender loads only the code that it needs, because anything else in the heap makes garbage collections slower.
 */
async function makeContender({ name, receiver, path, ...surroundings }: ContenderInput): Promise<Contender> {
  switch (name) {
    case 'Pool.request':
      return (await import('./bare-request.ts')).bareRequest(receiver, path);
    case 'Pool.dispatch':
      return (await import('./bare-request.ts')).bareDispatch(receiver, path);
    case 'HTTP client':
      return (await import('./bare-request.ts')).bareClientRequest(receiver, path);
    case 'first try':
      return (await import('./first-try.ts')).firstTry(`${receiver}${path}`);
    default: {
      const { deployedContender } = await import('./worker.ts');
      const { createInMemoryRateBuckets } = await import('../../test/fakes/in-memory-rate-buckets.ts');
      const parsed = deliveries({ dynamic: name.startsWith('dynamic') });
      const given = name.startsWith('rule target') ? parsed : queued(parsed);
      if (name.endsWith('table')) return deployedContender(surroundings, given, { logs: false });
      const rateBuckets = createInMemoryRateBuckets();
      return deployedContender(surroundings, given, { logs: name.endsWith('logging'), rateBuckets });
    }
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times += 1) collect();
  return process.memoryUsage().heapUsed;
}

process.once('message', (input) => {
  void makeContender(input as ContenderInput).then((run) => {
    process.on('message', ({ count, collects = false }: { readonly count: number; readonly collects?: boolean }) => {
      void run(count).then((elapsedMs) => process.send?.({ elapsedMs, ...(collects && { heapBytes: heapBytes() }) }));
    });
    process.send?.({ ready: true });
  });
});
process.once('disconnect', () => process.exit());
