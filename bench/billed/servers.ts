import { functionVariables } from '../../lib/local/stack/environment.ts';
import { startBenchProcess } from '../bench-process.ts';
import { createBenchDestination, surroundings } from '../bench-stack.ts';
import type { AnswerTimes } from './stores-process.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface Servers {
  readonly variables: Variables;
  /** How long answers took since this was called before. */
  takeTimes(): Promise<AnswerTimes>;
  stop(): void;
}

/** One item of the table can handle it, and the slots of a batch of ten take 2 ms. */
const ratePerSecond = 5000;

export async function startServers(): Promise<Servers> {
  const process = startBenchProcess('billed/stores-process.ts');
  const { stack, stores, endpoint } = (await process.ask()) as Record<'stack' | 'stores' | 'endpoint', string>;
  await createBenchDestination(
    surroundings(stack).aws,
    `${endpoint}/orders`,
    {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
    },
    ratePerSecond,
  );
  return {
    variables: { ...functionVariables({}, (name) => `${stores}/123456789012/${name}`), AWS_ENDPOINT_URL: stores },
    takeTimes: async () => (await process.ask({})) as AnswerTimes,
    stop: () => process.stop(),
  };
}
