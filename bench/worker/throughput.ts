/** Goals 1 and 2: the number of deliveries in one second of processor time. */
import { startStack } from '../../lib/local/stack/stack.ts';
import type { BenchProcess } from '../bench-process.ts';
import { startBenchProcess } from '../bench-process.ts';
import { createBenchDestination, surroundings } from '../bench-stack.ts';
import type { ContenderInput, ContenderName } from './contender-process.ts';
import type { Figure } from '../figure.ts';
import type { Contender, Measured } from '../rounds.ts';
import { alternate, median, medianRatio } from '../rounds.ts';

const path = '/orders?shop=bench';
const options = { rounds: 9, deliveriesPerRound: 6000 };

type Place = Omit<ContenderInput, 'name'>;

export async function measureThroughput(): Promise<Figure[]> {
  const processes: BenchProcess[] = [];
  function start(module: string): BenchProcess {
    const started = startBenchProcess(module);
    processes.push(started);
    return started;
  }
  async function contenders<Name extends ContenderName>(place: Place, names: readonly Name[]) {
    const all = names.map(async (name): Promise<[Name, Contender]> => [name, await contend(start, { ...place, name })]);
    return Object.fromEntries(await Promise.all(all)) as Record<Name, Contender>;
  }
  const stack = await startStack({ port: 0 });
  try {
    const receiver = `http://127.0.0.1:${String(await start('receiver.ts').ask())}`;
    const place = { ...surroundings(stack.url), receiver, path };
    await createBenchDestination(place.aws, `${receiver}${path}`, {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
    });
    const overhead = await contenders(place, [
      'Pool.request',
      'Pool.dispatch',
      'HTTP client',
      'queued, logging',
      'queued, silent',
      'rule target, logging',
      'rule target, silent',
    ]);
    const gain = await contenders(place, ['first try', 'dynamic, logging']);
    const table = await contenders(place, ['queued, silent', 'queued, silent, table']);
    return [
      ...overheadFigures(await alternate(overhead, options)),
      gainFigure(await alternate(gain, options)),
      writeFigure(await alternate(table, { rounds: 3, deliveriesPerRound: 1000 })),
    ];
  } finally {
    for (const each of processes) each.stop();
    await stack.stop();
  }
}

async function contend(start: (module: string) => BenchProcess, input: ContenderInput): Promise<Contender> {
  const process = start('worker/contender-process.ts');
  await process.ask(input);
  return async (count) => {
    const { elapsedMs } = (await process.ask({ count })) as { readonly elapsedMs: number };
    return elapsedMs;
  };
}

function overheadFigures(rates: Readonly<Record<string, readonly number[]>>): Figure[] {
  const figure = (name: string, contender: ContenderName, least: number): Figure =>
    atLeast(1, name, medianRatio(rates[contender] ?? [], rates['Pool.request'] ?? []), least);
  const reference = 'per CPU second, in batches of 10 whose rate is held in the process, to Pool.request';
  const printing = "of a rule target, which prints the event's text again";
  const dispatch = medianRatio(rates['Pool.dispatch'] ?? [], rates['Pool.request'] ?? []);
  return [
    figure('requests of the HTTP client alone per CPU second, to Pool.request', 'HTTP client', 1),
    { goal: 1, name: 'requests of Pool.dispatch with an empty handler, to Pool.request', ...dispatch, target: '' },
    figure(`deliveries ${reference}, one log line each`, 'queued, logging', 0.9),
    figure(`deliveries ${reference}, no log lines`, 'queued, silent', 0.9),
    figure(`the same ${printing}, one log line each`, 'rule target, logging', 0.9),
    figure(`the same ${printing}, no log lines`, 'rule target, silent', 0.9),
  ];
}

function atLeast(goal: number, name: string, { value, noise }: Measured, least: number): Figure {
  return { goal, name, value, target: `>= ${least}`, noise, broken: !(value + noise >= least) };
}

/** The two workers do the same work: both read two parameters from each event. */
function gainFigure(rates: Readonly<Record<'first try' | 'dynamic, logging', readonly number[]>>): Figure {
  const measured = medianRatio(rates['dynamic, logging'], rates['first try']);
  return atLeast(2, 'deliveries per CPU second, to the stack a team would write first', measured, 7);
}

/**
 * The cost of the table for one batch: one write, and a read of the bucket as long as the worker does not know whether other
 * workers write to it.
 */
function writeFigure(rates: Readonly<Record<'queued, silent' | 'queued, silent, table', readonly number[]>>): Figure {
  const batchUs = (rate: readonly number[]) => 10_000_000 / median(rate);
  const value = batchUs(rates['queued, silent, table']) - batchUs(rates['queued, silent']);
  return { goal: 1, name: 'processor time of the rate in the table, us per batch of 10', value, target: '' };
}
