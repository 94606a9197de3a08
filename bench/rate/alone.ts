/** Goal 3 with a real worker: the requests of one process at several rates, including requests after a freeze. */
import type { BenchProcess } from '../bench-process.ts';
import type { Figure } from '../figure.ts';
import type { AloneAnswer, AloneInput } from './alone-process.ts';
import { fullestSecond, meanRate } from './arrivals.ts';
import type { Noise } from './noise.ts';
import { missingPart, strayRequests, watchIdle } from './noise.ts';
import type { RateServers } from './servers.ts';
import { startRateServers } from './servers.ts';

const rates = [10, 300, 2000, 5000];

/** Enough batches of ten are in flight to use the rate for this many seconds. They wait for their slots. */
const secondsUnderWay = 0.25;

const runSeconds = 6;
const warmUpSeconds = 2;
const freezeAfterMs = 2000;
const freezeMs = 3000;

/** This time does not count at the beginning and at the end, because the first and the last batches leave slots empty. */
const edgeMs = 500;

export async function measureAlone(): Promise<Figure[]> {
  const servers = await startRateServers();
  try {
    const worker = servers.start('rate/alone-process.ts');
    await worker.ask(servers.surroundings);
    await servers.createDestination('warm-up', 2000);
    await worker.ask({ destination: 'warm-up', batches: 50, seconds: warmUpSeconds } satisfies AloneInput);
    const figures: Figure[] = [];
    for (const rate of rates) {
      figures.push(...(await measureRun(servers, worker, rate, false)));
      figures.push(...(await measureRun(servers, worker, rate, true)));
    }
    return figures;
  } finally {
    servers.stop();
  }
}

async function measureRun(
  servers: RateServers,
  worker: BenchProcess,
  rate: number,
  freezes: boolean,
): Promise<Figure[]> {
  const destination = `alone-${rate}${freezes ? '-frozen' : ''}`;
  await servers.createDestination(destination, rate);
  await servers.received();
  const idle = watchIdle();
  const seconds = freezes ? runSeconds + freezeMs / 1000 : runSeconds;
  const batches = Math.max(1, Math.ceil((rate * secondsUnderWay) / 10));
  const running = worker.ask({ destination, batches, seconds } satisfies AloneInput);
  if (freezes) {
    await new Promise((resolve) => setTimeout(resolve, freezeAfterMs));
    await worker.freeze(freezeMs);
  }
  const answer = (await running) as AloneAnswer;
  const { byPath, worstLagMs } = await servers.received();
  const { atMs = [] } = byPath[`/${destination}`] ?? {};
  const noise = { endpointLagMs: worstLagMs, workerLagMs: answer.worstLagMs, idle: idle() };
  return figuresOf(rate, freezes, atMs, answer, noise);
}

function figuresOf(rate: number, froze: boolean, atMs: readonly number[], answer: AloneAnswer, noise: Noise): Figure[] {
  const figure = (what: string, value: number, target: string, broken: boolean): Figure => {
    const name = `one worker at ${rate}/s${froze ? ', frozen for 3 s' : ''}: ${what}`;
    return { goal: 3, name, value, target, broken };
  };
  const firstMs = atMs[0] ?? 0;
  const fromMs = firstMs + edgeMs + (froze ? freezeAfterMs + freezeMs : 0);
  const mean = meanRate(atMs, fromMs, (atMs.at(-1) ?? 0) - edgeMs) / rate;
  const most = fullestSecond(atMs);
  const limit = 1.03 * rate + 1;
  const lost = answer.events - answer.deferred - atMs.length;
  return [
    figure('part of the rate that is used', mean, '>= 0.97', !(mean >= 0.97 - missingPart(noise))),
    figure('fullest second', most, `<= ${limit}`, most > limit + strayRequests(rate, noise)),
    figure('events deferred', answer.deferred, '= 0', false),
    figure('events lost', lost, '= 0', lost > 0),
  ];
}
