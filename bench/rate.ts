/** Goals 3 and 4: what slots cost in the process, and what a fleet makes of them. */
import type { Bucket } from '../lib/core/rate-bucket.ts';
import type { Ask } from '../lib/core/rate-decision.ts';
import { decide } from '../lib/core/rate-decision.ts';
import { grantOf, learn } from '../lib/core/rate-learning.ts';
import type { BucketView } from '../lib/core/rate-view.ts';
import { seen, unknownView } from '../lib/core/rate-view.ts';
import type { Figure } from './figure.ts';
import type { FleetOptions, FleetRun } from './fleet.ts';
import { simulateFleet } from './fleet.ts';

const batchSize = 10;

export async function measureRate(): Promise<Figure[]> {
  return [...measureArithmetic(), ...(await measureSaturated()), ...(await measureOverloaded())];
}

function measureArithmetic(): Figure[] {
  const figure = (count: number, name: string): Figure => {
    const rounds = Array.from({ length: 25 }, () => requestUs(count));
    // The quickest round: all else in the others is what the machine did besides.
    return { goal: 3, name, value: Math.min(...rounds), target: '<= 1' };
  };
  return [
    figure(batchSize, 'slot arithmetic, us per request of a batch of 10'),
    figure(1, 'slot arithmetic, us per request alone'),
  ];
}

/** Decides, learns and lists the slots, of a bucket that is busy; the table is only as much as adds up. */
function requestUs(count: number): number {
  const requests = 50_000;
  const nowUs = Date.now() * 1000;
  let bucket: Bucket = { slotsUntilUs: nowUs, returnsUntilUs: 0, generation: 1, revision: 1 };
  let view: BucketView = seen(unknownView, bucket, nowUs);
  let slots = 0;
  const beganMs = performance.now();
  for (let request = 0; request < requests; request += count) {
    const startUs = bucket.slotsUntilUs - 1000;
    const share = { ratePerSecond: 5000, burst: 1 };
    const times = { nowUs: startUs, startUs, endUs: startUs + 2_000_000 };
    const ask: Ask = { count, newcomer: true, ...times, share, revision: 1, blockCount: 0 };
    const decision = decide(view, ask);
    if (decision === undefined) break;
    bucket = { ...bucket, slotsUntilUs: bucket.slotsUntilUs + (decision.write.slots?.byUs ?? 0) };
    view = learn(view, ask, decision, { kind: 'written', bucket });
    slots += grantOf(ask, decision, bucket).slotTimesUs.length;
  }
  return ((performance.now() - beganMs) * 1000) / slots;
}

const fleets: readonly Pick<FleetOptions, 'workers' | 'ratePerSecond' | 'durationSeconds'>[] = [
  ...[1, 10, 100, 1000].map((workers) => ({ workers, ratePerSecond: 300, durationSeconds: 60 })),
  ...[1, 10, 100, 1000].map((workers) => ({ workers, ratePerSecond: 5000, durationSeconds: 15 })),
];

async function measureSaturated(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const fleet of fleets) {
    const run = await simulateFleet({ ...fleet, load: 1 });
    const figure = figuresOf(fleet, 'demand at the rate');
    figures.push(
      figure('writes per batch', run.writes / run.batches, '<= 1.05'),
      figure('utilisation', run.utilisation, '>= 0.99'),
      figure('fullest second over the rate', run.fullestSecond / fleet.ratePerSecond, '<= 1.03'),
    );
  }
  return figures;
}

async function measureOverloaded(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const fleet of fleets) {
    // Until everything has been sent, so that every return and its write counts.
    const drainSeconds = 2 * fleet.durationSeconds;
    const run = await simulateFleet({ ...fleet, load: 2, batchWindowMs: gatheringMs, drainSeconds });
    const figure = figuresOf(fleet, 'demand twice the rate');
    figures.push(
      figure('writes per batch of new events', writesPerNewBatch(run), '<= 2.5'),
      figure('returns per event', run.returns / run.events, '<= 1.1'),
      figure('utilisation', run.utilisation, '>= 0.99'),
      figure('fullest second over the rate', run.fullestSecond / fleet.ratePerSecond, '<= 1.03'),
    );
  }
  return figures;
}

/** How long a queue that is never empty takes to fill a batch, at most. */
const gatheringMs = 100;

function writesPerNewBatch({ writes, events }: FleetRun): number {
  return writes / (events / batchSize);
}

function figuresOf({ workers, ratePerSecond }: Pick<FleetOptions, 'workers' | 'ratePerSecond'>, demand: string) {
  return (what: string, value: number, target: string): Figure => ({
    goal: 4,
    name: `simulated fleet of ${workers} at ${ratePerSecond}/s, ${demand}: ${what}`,
    value,
    target,
  });
}
