import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { BenchProcess } from '../bench-process.ts';
import { startBenchProcess } from '../bench-process.ts';
import type { WorkerSurroundings } from '../bench-stack.ts';
import { surroundings } from '../bench-stack.ts';
import type { Arrivals, Received } from './receiver.ts';

/** The stack and an endpoint, each in its own process. */
export interface RateServers {
  readonly surroundings: WorkerSurroundings;
  start(module: string): BenchProcess;
  /** Creates a destination with this rate. The endpoint counts its requests separately. */
  createDestination(name: string, ratePerSecond: number): Promise<void>;
  received(): Promise<Received>;
  arrivals(name: string): Promise<Arrivals>;
  stop(): void;
}

const none: Arrivals = { atMs: [], events: [] };

export async function startRateServers(): Promise<RateServers> {
  const processes: BenchProcess[] = [];
  function start(module: string): BenchProcess {
    const started = startBenchProcess(module);
    processes.push(started);
    return started;
  }
  const receiver = start('rate/receiver.ts');
  const origin = `http://127.0.0.1:${String(await receiver.ask())}`;
  const worker = surroundings(String(await start('rate/stack-process.ts').ask()));
  const events = new EventBridgeClient(worker.aws);
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({
      Name: 'rated',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
    }),
  );
  const received = async () => (await receiver.ask({})) as Received;
  return {
    surroundings: worker,
    start,
    received,
    async createDestination(Name, InvocationRateLimitPerSecond) {
      const InvocationEndpoint = `${origin}/${Name}`;
      const destination = { Name, ConnectionArn, InvocationEndpoint, InvocationRateLimitPerSecond };
      await events.send(new CreateApiDestinationCommand({ ...destination, HttpMethod: 'POST' }));
    },
    arrivals: async (name) => (await received()).byPath[`/${name}`] ?? none,
    stop() {
      events.destroy();
      for (const each of processes) each.stop();
    },
  };
}
