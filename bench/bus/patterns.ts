/** Measures how long it takes to find the rules that match one event, with a growing number of rules. */
import { createRuleIndex } from '../../lib/local/bus/index/rule-index.ts';
import type { Figure } from '../figure.ts';

/**
 * Every figure needs the number of a goal. The performance page has no goal for event patterns, so this is the goal of the cold
 * start.
 */
const goal = 5;
const ruleCounts = [1, 10, 100, 1_000, 10_000];
const rounds = 15;
const matchesPerRound = 2_000;

/** Only the first rule of each kind matches this event. */
const event = {
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': 'Order Paid',
  source: 'com.example.shop-0',
  account: '123456789012',
  time: '2026-11-20T10:00:00Z',
  region: 'eu-west-1',
  resources: ['arn:aws:states:eu-west-1:123456789012:stateMachine:checkout'],
  detail: {
    order: {
      id: 'o-0',
      total: 48.5,
      currency: 'EUR',
      lines: [
        { sku: 'a-1', count: 2 },
        { sku: 'b-7', count: 1 },
      ],
    },
    customer: { id: 'c-0', country: 'DE', tags: ['new', 'newsletter'] },
    path: '/inbox/0/order.json',
  },
};

/**
 * Makes rules as people write them. Most match an exact source or id, some match the beginning of a path, and many have the
 * same detail type.
 */
function pattern(rule: number): string {
  const kinds = [
    { source: [`com.example.shop-${rule}`], 'detail-type': ['Order Paid'] },
    { 'detail-type': ['Order Paid'], detail: { order: { id: [`o-${rule}`], total: [{ numeric: ['>', 10] }] } } },
    { 'detail-type': ['Order Paid', 'Order Refunded'], detail: { path: [{ prefix: `/inbox/${rule}/` }] } },
    { detail: { customer: { id: [`c-${rule}`, `d-${rule}`], country: [{ 'anything-but': 'US' }] } } },
  ];
  return JSON.stringify(kinds[rule % kinds.length]);
}

/** The microseconds for one event in the fastest round, and the milliseconds to build the index. */
interface Cost {
  readonly matchUs: number;
  readonly buildMs: number;
}

/** The index cannot look up ranges, so it compares every event with each rule of this kind. */
function rangePattern(rule: number): string {
  return JSON.stringify({ detail: { order: { total: [{ numeric: ['>=', rule, '<', rule + 1] }] } } });
}

/** Every round measures the cost for each number of rules, so that disturbances of the machine affect all numbers alike. */
function measureCosts(): ReadonlyMap<number, Cost> {
  const indexes = ruleCounts.map((count) => {
    const patterns = Array.from({ length: count }, (_, rule) => ({ key: `rule-${rule}`, pattern: pattern(rule) }));
    const startedMs = performance.now();
    const index = createRuleIndex(patterns);
    return { count, index, buildMs: performance.now() - startedMs, matchUs: Number.POSITIVE_INFINITY };
  });
  for (let round = 0; round < rounds; round += 1) {
    for (const measured of indexes) {
      const startedMs = performance.now();
      let found = 0;
      for (let match = 0; match < matchesPerRound; match += 1) found += measured.index.match(event).length;
      const elapsedMs = performance.now() - startedMs;
      if (found !== matchesPerRound)
        throw new Error(`${measured.count} rules: ${found} matches of ${matchesPerRound}.`);
      measured.matchUs = Math.min(measured.matchUs, (elapsedMs * 1_000) / matchesPerRound);
    }
  }
  return new Map(indexes.map(({ count, matchUs, buildMs }) => [count, { matchUs, buildMs }]));
}

/** @returns the microseconds for one event when all rules contain a range */
function measureRanges(count: number): number {
  const patterns = Array.from({ length: count }, (_, rule) => ({ key: `rule-${rule}`, pattern: rangePattern(rule) }));
  const index = createRuleIndex(patterns);
  let leastMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    if (index.match(event).length !== 1) throw new Error('The event must match exactly one of the ranges.');
    leastMs = Math.min(leastMs, performance.now() - startedMs);
  }
  return leastMs * 1_000;
}

export async function measurePatterns(): Promise<Figure[]> {
  const costs = measureCosts();
  const one = costs.get(1)?.matchUs ?? Number.NaN;
  const most = Math.max(...ruleCounts);
  const curve = [...costs].map(([count, { matchUs }]) => ({
    goal,
    name: `matching an event against ${count} rules, microseconds`,
    value: matchUs,
    target: 'none',
  }));
  const { matchUs, buildMs } = costs.get(most) ?? { matchUs: Number.NaN, buildMs: Number.NaN };
  return [
    ...curve,
    { goal, name: `matching against ${most} rules, in times of one rule`, value: matchUs / one, target: '<= 20' },
    {
      goal,
      name: `matching an event against ${most} rules of ranges alone, microseconds`,
      value: measureRanges(most),
      target: 'none',
    },
    { goal, name: `building an index of ${most} rules, milliseconds`, value: buildMs, target: '<= 1000' },
  ];
}
