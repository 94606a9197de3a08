/** Goals 1 and 2, in a process of its own: is sent where to deliver, sends back the figures. */
import type { WorkerSurroundings } from './bench-stack.ts';
import { bareRequest, story } from './contenders.ts';
import { deliveries, queued } from './events.ts';
import type { Figure } from './figure.ts';
import { firstTry } from './first-try.ts';
import { alternate, medianRatio } from './rounds.ts';
import type { BenchWorker } from './worker.ts';
import { newWorker, noLog } from './worker.ts';

export interface ThroughputInput extends WorkerSurroundings {
  readonly receiver: string;
  readonly path: string;
}

const rounds = 15;
async function measure({ receiver, path, ...surroundings }: ThroughputInput): Promise<Figure[]> {
  const logging = newWorker(surroundings);
  const silent = newWorker(surroundings, noLog);
  const plain = deliveries({ dynamic: false });
  const rates = await alternate(
    {
      bare: bareRequest(receiver, path, sentHeaders),
      logging: story(logging, queued(plain)),
      silent: story(silent, queued(plain)),
      printingLogging: story(logging, plain),
      printingSilent: story(silent, plain),
    },
    { rounds, deliveriesPerRound: 4000 },
  );
  const toBare = (name: Exclude<keyof typeof rates, 'bare'>) => medianRatio(rates[name], rates.bare);
  const printing = "rule target's deliveries (the event's text is made anew) to Pool.request";
  return [
    { goal: 1, name: 'deliveries to Pool.request, one log line each', value: toBare('logging'), target: '>= 0.70' },
    { goal: 1, name: 'deliveries to Pool.request, no log lines', value: toBare('silent'), target: '>= 0.85' },
    { goal: 1, name: `${printing}, one log line each`, value: toBare('printingLogging'), target: '>= 0.70' },
    { goal: 1, name: `${printing}, no log lines`, value: toBare('printingSilent'), target: '>= 0.85' },
    await measureFirstTry(logging, `${receiver}${path}`),
  ];
}

/** Both send the event's text, with two parameters read from it. */
async function measureFirstTry(worker: BenchWorker, invocationEndpoint: string): Promise<Figure> {
  const rates = await alternate(
    { firstTry: firstTry(invocationEndpoint), story: story(worker, queued(deliveries({ dynamic: true }))) },
    { rounds, deliveriesPerRound: 1500 },
  );
  const value = medianRatio(rates.story, rates.firstTry);
  return { goal: 2, name: 'deliveries to those of what a team would write first', value, target: '>= 6' };
}

/** What the story sends, so that both send the same. */
const sentHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'User-Agent': 'Amazon/EventBridge/ApiDestinations',
  Range: 'bytes=0-1048575',
  'Accept-Encoding': 'gzip,deflate',
  'Idempotency-Key': '00000000-0000-4000-8000-000000000000/bench',
  'x-api-key': 'bench-key',
};

process.once('message', (input) => {
  void measure(input as ThroughputInput).then((figures) => process.send?.(figures, () => process.exit()));
});
