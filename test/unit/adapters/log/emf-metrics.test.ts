import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEmfMetrics } from '../../../../lib/adapters/log/emf-metrics.ts';
import { metrics as catalogue } from '../../../../lib/core/delivery/metrics.ts';
import { emfViolations, valuesOf } from './emf-documents.ts';

const never = new AbortController().signal;

function setUp(options: { perDestination?: boolean; write?: (line: string) => void } = {}) {
  const lines: string[] = [];
  const { perDestination = false, write = (line: string) => lines.push(line) } = options;
  const nowMs = () => 1_767_225_600_000.5;
  return { lines, metrics: createEmfMetrics({ write, nowMs, stackName: 'lastmile-test', perDestination }) };
}

describe('the metrics of an invocation', () => {
  test('the metrics of an invocation are one line at its end, with counts summed and times listed', async () => {
    const { lines, metrics } = setUp();
    const result = await metrics.during(never, async () => {
      metrics.count('Attempts', 'orders');
      metrics.count('Attempts', 'billing');
      metrics.time('Latency', 12, 'orders');
      metrics.time('Latency', 7.5, 'billing');
      expect(lines).toEqual([]);
      return 'answer';
    });
    expect(result).toBe('answer');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        _aws: {
          Timestamp: 1_767_225_600_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Lastmile',
              Dimensions: [['Stack']],
              Metrics: [
                { Name: 'Attempts', Unit: 'Count' },
                { Name: 'Latency', Unit: 'Milliseconds' },
              ],
            },
          ],
        },
        Stack: 'lastmile-test',
        Attempts: 2,
        Latency: [12, 7.5],
      },
    ]);
    expect(emfViolations(lines[0] ?? '')).toEqual([]);
  });

  test('the metrics are written when the invocation throws, and its error is still thrown', async () => {
    const { lines, metrics } = setUp();
    const invocation = metrics.during(never, async () => {
      metrics.count('RetryableFailures');
      throw new Error('a bug');
    });
    await expect(invocation).rejects.toThrow('a bug');
    expect(valuesOf(lines, 'RetryableFailures')).toEqual([1]);
  });

  test('the metrics are written when the time runs out, and later metrics are written one by one', async () => {
    const { lines, metrics } = setUp();
    const expiry = new AbortController();
    const endless = new Promise<void>(() => undefined);
    void metrics.during(expiry.signal, () => {
      metrics.count('Attempts');
      return endless;
    });
    expect(lines).toEqual([]);
    expiry.abort();
    expect(valuesOf(lines, 'Attempts')).toEqual([1]);
    metrics.time('EventAge', 5);
    metrics.count('DeadLetters');
    expect(lines).toHaveLength(3);
    expect(lines.flatMap(emfViolations)).toEqual([]);
  });

  test('the metrics of an invocation without any time left are written one by one', () => {
    const { lines, metrics } = setUp();
    void metrics.during(AbortSignal.abort(), () => new Promise<void>(() => metrics.count('Attempts')));
    expect(lines).toHaveLength(1);
  });

  test('the metrics are written once, and the next invocation starts at zero', async () => {
    const { lines, metrics } = setUp();
    const expiry = new AbortController();
    await metrics.during(expiry.signal, async () => {
      metrics.count('Deliveries');
      expiry.abort();
    });
    await metrics.during(never, async () => undefined);
    expect(lines).toHaveLength(1);
    await metrics.during(never, async () => {
      metrics.count('Deliveries');
      expect(lines).toHaveLength(1);
    });
    expect(valuesOf(lines, 'Deliveries')).toEqual([1, 1]);
  });

  test('metrics counted after the end of an invocation are written with the next one', async () => {
    const { lines, metrics } = setUp();
    await metrics.during(never, async () => undefined);
    metrics.count('ConnectionsDeauthorized');
    expect(lines).toEqual([]);
    await metrics.during(never, async () => undefined);
    expect(valuesOf(lines, 'ConnectionsDeauthorized')).toEqual([1]);
  });

  test('metrics that cannot be written are lost and do not fail the invocation', async () => {
    const { metrics } = setUp({
      write: () => {
        throw new Error('EPIPE');
      },
    });
    const invocation = metrics.during(never, async () => {
      metrics.count('Deliveries');
      return 'delivered';
    });
    expect(await invocation).toBe('delivered');
  });

  test('a metric counts for its API destination and for the stack when metrics per destination are enabled', async () => {
    const { lines, metrics } = setUp({ perDestination: true });
    await metrics.during(never, async () => {
      for (const name of ['orders', 'billing', 'orders']) metrics.count('Attempts', name);
      metrics.count('SecurityEvents');
    });
    expect(valuesOf(lines, 'Attempts', 'orders')).toEqual([2]);
    expect(valuesOf(lines, 'Attempts', 'billing')).toEqual([1]);
    expect(valuesOf(lines, 'SecurityEvents')).toEqual([1]);
    const dimensions = lines.map((line) => /"Dimensions":(\[\[.*?\]\])/.exec(line)?.[1]);
    const both = '[["Stack"],["Stack","ApiDestination"]]';
    expect(dimensions).toEqual([both, both, '[["Stack"]]']);
    expect(lines.flatMap(emfViolations)).toEqual([]);
  });
});

const names = Object.keys(catalogue) as (keyof typeof catalogue)[];
const happening = fc.record({
  name: fc.constantFrom(...names),
  durationMs: fc.nat(),
  apiDestination: fc.constantFrom('orders', 'billing', undefined),
});

test('the metrics of any invocation become documents that CloudWatch accepts, with no value lost or counted twice', async () => {
  const invocations = fc.array(fc.array(happening, { size: 'max', maxLength: 700 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(invocations, fc.boolean(), async (given, perDestination) => {
      const { lines, metrics } = setUp({ perDestination });
      for (const happenings of given) {
        await metrics.during(never, async () => {
          for (const { name, durationMs, apiDestination } of happenings) {
            if (name === 'RateWait' || name === 'Latency' || name === 'EventAge') {
              metrics.time(name, durationMs, apiDestination);
            } else metrics.count(name, apiDestination);
          }
        });
      }
      expect(lines.flatMap(emfViolations)).toEqual([]);
      for (const name of names) {
        const happened = given.flat().filter((one) => one.name === name);
        const written = [undefined, 'orders', 'billing'].flatMap((one) => valuesOf(lines, name, one) ?? []);
        if (catalogue[name].unit === 'Count') expect(sum(written)).toBe(happened.length);
        else expect(written.sort(byValue)).toEqual(happened.map(({ durationMs }) => durationMs).sort(byValue));
      }
    }),
    { numRuns: 50 },
  );
});

test('a metric with more values than a document may hold is split into several documents', async () => {
  const { lines, metrics } = setUp();
  await metrics.during(never, async () => {
    for (let index = 0; index < 250; index += 1) metrics.time('Latency', index);
  });
  expect(lines.map((line) => valuesOf([line], 'Latency')?.length)).toEqual([100, 100, 50]);
});

test.each([
  ['{"_aws":1}\n', '_aws is not an object'],
  ['{}', 'it is not one line with a line break'],
  ['[]\n', 'it is not a JSON object'],
  [documentWith({ metric: { Name: 'A', Unit: 'ms' } }), 'the unit of A is unknown'],
  [documentWith({ value: Array.from({ length: 101 }, () => 1) }), 'A does not have 1 to 100 values'],
  [documentWith({ value: [] }), 'A does not have 1 to 100 values'],
  [documentWith({ value: '1' }), 'A is not numeric'],
  [documentWith({ value: null }), 'A is not numeric'],
  [documentWith({ stack: ':orders' }), 'the dimension Stack has a bad value'],
  [documentWith({ stack: 7 }), 'the dimension Stack has a bad value'],
  [documentWith({ timestamp: 1.5 }), 'Timestamp is not an integer'],
])('the check of metric documents refuses %j because %s', (line, violation) => {
  expect(emfViolations(line)).toEqual([violation]);
});

test('the reference lists every metric with its unit and its meaning', () => {
  const page = readFileSync(new URL('../../../../docs/guide/reference.md', import.meta.url), 'utf8');
  const rows = Object.entries(catalogue).map(([name, { unit, meaning }]) => `| \`${name}\` | ${unit} | ${meaning} |`);
  const section = /^## Metrics\n[\s\S]*/m.exec(page)?.[0] ?? '';
  expect(section.match(/^\| `.*$/gm)).toEqual(rows);
});

function documentWith(faults: { metric?: object; value?: unknown; stack?: unknown; timestamp?: unknown }): string {
  const { metric = { Name: 'A' }, value = 1, stack = 's', timestamp = 1 } = faults;
  const directive = { Namespace: 'Lastmile', Dimensions: [['Stack']], Metrics: [metric] };
  return `${JSON.stringify({ _aws: { Timestamp: timestamp, CloudWatchMetrics: [directive] }, Stack: stack, A: value })}\n`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function byValue(one: number, other: number): number {
  return one - other;
}
