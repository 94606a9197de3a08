import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { metrics } from '../../../lib/core/delivery/metrics.ts';

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly ReturnData: boolean;
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
    };
    readonly Period: number;
    readonly Stat: string;
  };
}

interface Alarm {
  readonly Type: string;
  readonly Properties: {
    readonly AlarmName: string;
    readonly AlarmDescription: string;
    readonly Metrics: readonly MetricQuery[];
    readonly Threshold: number;
    readonly [name: string]: unknown;
  };
}

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: { readonly alarms?: readonly string[]; readonly region?: string };
}

const require = createRequire(import.meta.url);
const alarmsFile = require('../../../infra/template/alarms.cjs') as {
  alarms(stack: string, parameters: object): Readonly<Record<string, Alarm>>;
};
const dashboardFile = require('../../../infra/template/dashboard.cjs') as {
  dashboard(
    stack: string,
    parameters: object,
    alarmIds: readonly string[],
  ): {
    readonly Properties: { readonly DashboardName: string; readonly DashboardBody: { readonly 'Fn::Sub': string } };
  };
};

const parameters = { functionTimeoutSeconds: 60, batchingWindowSeconds: 0, orderedDeliveries: true };
const alarms = Object.values(alarmsFile.alarms('lastmile-prod', parameters)).map(({ Properties }) => Properties);

const own = (name: string) => [`Lastmile ${name} Sum Stack=lastmile-prod`];
const ofFunctions = (metric: string, ...names: readonly string[]) =>
  names.map((name) => `AWS/Lambda ${metric} Sum FunctionName=lastmile-prod-${name}`);
const ofTable = (metric: string) => [
  `AWS/DynamoDB ${metric} Sum TableName=lastmile-prod`,
  `AWS/DynamoDB ${metric} Sum TableName=lastmile-prod GlobalSecondaryIndexName=by-connection`,
];
const everyFunction = ['deliver', 'deliver-queued', 'control-api', 'authorize-connection', 'redrive', 'resources'];
const asynchronous = ['deliver', 'authorize-connection'];

/** The namespace, metric, statistic and dimensions that each alarm watches. */
const watched: Readonly<Record<string, readonly string[]>> = {
  'dead-letters-arriving': own('DeadLetters'),
  'dead-letters-waiting': ['AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=lastmile-prod-dead-letters'],
  'delivery-queue-age': ['AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=lastmile-prod-deliveries'],
  'ordered-queue-age': [
    'AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=lastmile-prod-ordered-deliveries.fifo',
  ],
  'permanent-failures': own('PermanentFailures'),
  'destinations-unhealthy': own('DestinationsUnhealthy'),
  'connections-deauthorized': own('ConnectionsDeauthorized'),
  'security-events': own('SecurityEvents'),
  ...Object.fromEntries(everyFunction.map((name) => [`errors-${name}`, ofFunctions('Errors', name)])),
  'throttled-functions': ofFunctions('Throttles', ...everyFunction),
  'throttled-table': [...ofTable('ReadThrottleEvents'), ...ofTable('WriteThrottleEvents')],
  'recursive-invocations-dropped': ofFunctions('RecursiveInvocationsDropped', 'deliver', 'deliver-queued'),
  'asynchronous-events-dropped': ofFunctions('AsyncEventsDropped', ...asynchronous),
  'failed-invocations-lost': ofFunctions('DestinationDeliveryFailures', ...asynchronous),
};

describe('the alarms', () => {
  test('each alarm watches the metric that its name says', () => {
    const looking = alarms.map(({ AlarmName, Metrics }) => [
      AlarmName.replace('lastmile-prod-', ''),
      Metrics.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [described(MetricStat)])),
    ]);
    expect(Object.fromEntries(looking)).toEqual(watched);
  });

  test('an alarm starts at the first bad value and treats missing values as good', () => {
    for (const { AlarmName, Threshold, ...rest } of alarms) {
      if (!AlarmName.endsWith('-queue-age')) expect(Threshold).toBe(1);
      expect(rest).toMatchObject({
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        EvaluationPeriods: 1,
        TreatMissingData: 'notBreaching',
      });
      expect(rest).not.toHaveProperty('AlarmActions');
    }
  });

  test('the alarm of the delivery queue allows for the longest delay and one more receive of a message', () => {
    const age = alarms.find(({ AlarmName }) => AlarmName.endsWith('delivery-queue-age'));
    expect(age?.Threshold).toBe(900 + 2 * 360);
  });

  test('the alarm of the FIFO queue allows for all retries of an event until it is given up', () => {
    const age = alarms.find(({ AlarmName }) => AlarmName.endsWith('ordered-queue-age'));
    expect(age?.Threshold).toBe(86_400 + 900 + 2 * 360);
  });

  test('a stack without ordered deliveries has no alarm and no graph of the FIFO queue', () => {
    const without = { ...parameters, orderedDeliveries: false };
    expect(Object.keys(alarmsFile.alarms('lastmile-prod', without))).toHaveLength(alarms.length - 1);
    expect(JSON.stringify(alarmsFile.alarms('lastmile-prod', without))).not.toContain('ordered');
    expect(JSON.stringify(dashboardFile.dashboard('lastmile-prod', without, []))).not.toMatch(/ordered/i);
    expect(JSON.stringify(dashboardFile.dashboard('lastmile-prod', parameters, []))).toContain(
      'lastmile-prod-ordered-deliveries.fifo',
    );
  });

  test('each alarm watches one metric or the sum of several', () => {
    for (const { Metrics } of alarms) {
      const [result, ...others] = Metrics.filter(({ ReturnData }) => ReturnData);
      expect(others).toEqual([]);
      expect(result?.Expression).toBe(Metrics.length === 1 ? undefined : 'SUM(METRICS())');
    }
  });

  test('the guide to deploying lists exactly the existing alarms, with what to do about each', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/guide/deploy.md'), 'utf8');
    const [, section = ''] = /\n## Alarms\n(.*?)\n## /s.exec(page) ?? [];
    const rows = [...section.matchAll(/^\| `([a-z-]+)` \| .{20,} \|$/gm)].map(([, name]) => name);
    expect(rows).toEqual(alarms.map(({ AlarmName }) => AlarmName.replace('lastmile-prod-', '')));
  });

  test('the description of each alarm names the page that says what to do', () => {
    const cure = 'What to do: docs/guide/deploy.md, Alarms.';
    expect(alarms.filter(({ AlarmDescription }) => !AlarmDescription.endsWith(cure))).toEqual([]);
  });

  test('the alarms use 30 metrics with ordered deliveries, as the guide says', () => {
    expect(alarms.flatMap(({ Metrics }) => Metrics.filter(({ MetricStat }) => MetricStat !== undefined))).toHaveLength(
      30,
    );
  });
});

describe('the dashboard', () => {
  const { DashboardName, DashboardBody } = dashboardFile.dashboard('lastmile-prod', parameters, [
    'OneAlarm',
    'OtherAlarm',
  ]).Properties;
  const { widgets } = JSON.parse(DashboardBody['Fn::Sub']) as { readonly widgets: readonly Widget[] };

  test("the dashboard shows the alarms first, and all graphs use the stack's region", () => {
    const [first, ...graphs] = widgets;
    expect(DashboardName).toBe('lastmile-prod');
    expect(first?.properties.alarms).toEqual(['${OneAlarm.Arn}', '${OtherAlarm.Arn}']);
    expect(new Set(graphs.map(({ properties }) => properties.region))).toEqual(new Set(['${AWS::Region}']));
  });

  test('no widget of the dashboard overlaps another or exceeds the 24 columns', () => {
    const cells = widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, index) => `${x + (index % width)},${y + Math.floor(index / width)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...widgets.map(({ x, width }) => x + width))).toBe(24);
  });
});

function described({ Metric, Stat }: NonNullable<MetricQuery['MetricStat']>): string {
  const dimensions = Metric.Dimensions.map(({ Name, Value }) => `${Name}=${Value}`);
  return [Metric.Namespace, Metric.MetricName, Stat, ...dimensions].join(' ');
}

test('the dashboard shows exactly the metrics that the functions write, and alarms watch no others', () => {
  const alarmed = JSON.stringify(alarmsFile.alarms('lastmile-test', parameters));
  const { Properties } = dashboardFile.dashboard('lastmile-test', parameters, []);
  const shown = JSON.stringify(Properties.DashboardBody).replaceAll('\\"', '"');
  const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name);
  const names = Object.keys(metrics);
  const alarmedNames = namesIn(alarmed, /"Namespace":"Lastmile","MetricName":"(\w+)"/g);
  expect(alarmedNames).toContain('ConnectionsDeauthorized');
  expect(names).toEqual(expect.arrayContaining(alarmedNames));
  expect([...new Set(namesIn(shown, /\["Lastmile","(\w+)","Stack","lastmile-test"/g))].sort()).toEqual(names.sort());
});
