/** Prints the performance goals as JSON lines, each a ratio of two things measured alternately in this very run. */
import { startStack } from '../lib/local/stack.ts';
import { createBenchDestination, forkBench, surroundings } from './bench-stack.ts';
import { countCalls } from './calls.ts';
import type { Figure } from './figure.ts';
import { printFigure } from './figure.ts';
import type { ThroughputInput } from './throughput.ts';

const path = '/orders?shop=bench';

async function measureThroughput(): Promise<Figure[]> {
  const receiver = await forkBench('receiver.ts');
  const stack = await startStack({ port: 0 });
  try {
    const origin = `http://127.0.0.1:${String(receiver.message)}`;
    const worker = surroundings(stack.url);
    await createBenchDestination(worker.aws, `${origin}${path}`, {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
    });
    const input: ThroughputInput = { ...worker, receiver: origin, path };
    return (await forkBench('throughput.ts', input)).message as Figure[];
  } finally {
    receiver.child.kill();
    await stack.stop();
  }
}

for (const figure of await measureThroughput()) printFigure(figure);
for (const figure of await countCalls()) printFigure(figure);
