/** Goal 7: how much memory stays in use in a process after its deliveries. */
import { startStack } from '../../lib/local/stack/stack.ts';
import { startBenchProcess } from '../bench-process.ts';
import { createBenchDestination, surroundings } from '../bench-stack.ts';
import type { ContenderInput } from './contender-process.ts';
import type { Figure } from '../figure.ts';

const path = '/orders?shop=bench';
const warmUpDeliveries = 20_000;
const deliveries = 100_000;
const mostMegabytes = 10;

export async function measureHeap(): Promise<Figure[]> {
  const receiver = startBenchProcess('receiver.ts');
  const worker = startBenchProcess('worker/contender-process.ts');
  const stack = await startStack({ port: 0 });
  try {
    const origin = `http://127.0.0.1:${String(await receiver.ask())}`;
    const place = { ...surroundings(stack.url), receiver: origin, path };
    await createBenchDestination(place.aws, `${origin}${path}`, {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
    });
    await worker.ask({ ...place, name: 'queued, logging' } satisfies ContenderInput);
    const heapAfter = async (count: number) => {
      const { heapBytes } = (await worker.ask({ count, collects: true })) as { readonly heapBytes: number };
      return heapBytes / 1e6;
    };
    const before = await heapAfter(warmUpDeliveries);
    const value = (await heapAfter(deliveries)) - before;
    const name = `growth of the heap by ${deliveries} deliveries, after a collection, MB`;
    return [{ goal: 7, name, value, target: `< ${mostMegabytes}`, broken: !(value < mostMegabytes) }];
  } finally {
    worker.stop();
    receiver.stop();
    await stack.stop();
  }
}
