/** Prints the figures of the simulated fleet for every scenario: `node bench/fleet/scenarios.ts`. */
import type { FleetOptions } from './fleet.ts';
import { simulateFleet } from './fleet.ts';

type Scenario = Omit<FleetOptions, 'durationSeconds'> & { readonly durationSeconds?: number };

const workers = 100;
const ratePerSecond = 300;

const scenarios: readonly (readonly [string, Scenario])[] = [
  ...[1, 10, 100, 1000].flatMap((fleet) =>
    [1, 30, 300, 5000].flatMap((rate) =>
      [0.5, 0.9, 1, 2, 10].map((load): readonly [string, Scenario] => [
        `${fleet} workers, ${rate}/s, load ${load}`,
        {
          workers: fleet,
          ratePerSecond: rate,
          load,
          batchWindowMs: 100,
          durationSeconds: rate === 5000 ? 10 : 60,
        },
      ]),
    ),
  ),
  ['poisson arrivals', { workers, ratePerSecond, load: 1, arrivals: 'poisson' }],
  ['clocks 50 ms apart', { workers, ratePerSecond, load: 1, clockSpreadMs: 50 }],
  ['1 % of the invocations die', { workers, ratePerSecond, load: 2, deaths: 0.01 }],
  ['5 % of the writes are throttled', { workers, ratePerSecond, load: 2, throttled: 0.05 }],
  ['a refusal shows nothing', { workers, ratePerSecond, load: 2, showsRefuser: false }],
  ['every message comes alone', { workers, ratePerSecond, load: 2, arrivingTogether: 1 }],
  [
    '3,000 events a second, each alone',
    { workers, ratePerSecond, load: 10, arrivingTogether: 1, arrivalHorizonMs: 250, inFlight: 100 },
  ],
  [
    '1,000 events at once, 20 invocations in flight',
    {
      workers: 20,
      ratePerSecond: 5,
      load: 200,
      durationSeconds: 1,
      arrivals: 'atOnce',
      inFlight: 20,
      drainSeconds: 300,
    },
  ],
  [
    'raised tenfold, messages delayed by at most 60 s',
    {
      workers: 10,
      ratePerSecond: 5,
      load: 20,
      durationSeconds: 20,
      rateChange: { afterSeconds: 30, ratePerSecond: 50 },
      longestDelaySeconds: 60,
      drainSeconds: 400,
    },
  ],
];

const rounded = (value: number): number => Number(value.toPrecision(4));

for (const [name, scenario] of scenarios) {
  const run = await simulateFleet({ durationSeconds: 60, ...scenario });
  const line = {
    name,
    sent: run.sent,
    utilisation: rounded(run.utilisation),
    fullestSecond: rounded(run.fullestSecond / scenario.ratePerSecond),
    writesPerBatch: rounded(run.writes / run.batches),
    readsPerBatch: rounded(run.reads / run.batches),
    writesPerEvent: rounded(run.writes / run.events),
    writesPerSecond: rounded(run.writesPerSecond),
    returnsPerEvent: rounded(run.returns / run.events),
    missedSlots: run.missedSlots,
    fairness: rounded(run.fairness),
    waitP50Ms: rounded(run.waitP50Ms),
    waitP99Ms: rounded(run.waitP99Ms),
    lastSentAfterMs: rounded(run.lastSentAfterMs),
  };
  console.log(JSON.stringify(line));
}
