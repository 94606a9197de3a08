import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import type { Overview, OverviewAlarm } from '../../console/api/overview.ts';
import { isOverviewRange, overviewRanges, periodsOf, unknownRange } from '../../console/api/overview.ts';
import type { CallResult, PerformOperation } from '../../console/door/door.ts';
import type { MetricName } from '../../core/delivery/metrics.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { messageOf } from '../command.ts';
import { readQueues } from './stage-queues.ts';

export interface StageOverviewDependencies {
  readonly stage: string;
  readonly aws: AwsClientConfig & { readonly region: string };
  /** Calls operations of the stack's control API. */
  readonly perform: PerformOperation;
  readonly nowMs: number;
}

/** The overview of a deployed stack: metrics and alarms of CloudWatch, attributes of its queues, and the health of its API destinations. */
export async function stageOverview(
  dependencies: StageOverviewDependencies,
  { Range: range }: JsonObject,
): Promise<CallResult> {
  if (!isOverviewRange(range)) return { error: unknownRange };
  const { stage, aws, nowMs } = dependencies;
  const stack = `lastmile-${stage}`;
  const { periodSeconds } = overviewRanges[range];
  const { begin, count } = periodsOf(range, nowMs);
  try {
    const [metrics, alarms, queues, circuits] = await Promise.all([
      readMetrics(aws, stack, { begin, count, periodSeconds }),
      readAlarms(aws, stack),
      readQueues(aws, stack, nowMs),
      countOpenCircuits(dependencies),
    ]);
    const overview: Overview & object = {
      Begin: begin,
      PeriodSeconds: periodSeconds,
      ...metrics,
      ...queues,
      ...circuits,
      Alarms: alarms,
    };
    return { output: overview as unknown as JsonObject };
  } catch (error) {
    return { error: { code: error instanceof Error ? error.name : 'InternalFailure', message: messageOf(error) } };
  }
}

interface Periods {
  readonly begin: number;
  readonly count: number;
  readonly periodSeconds: number;
}

/** For each list of the overview: the metric, and how CloudWatch sums it up for a period. */
const charted: Readonly<
  Record<'Delivered' | 'Failed' | 'P50Milliseconds' | 'P99Milliseconds', readonly [MetricName, string]>
> = {
  Delivered: ['Deliveries', 'Sum'],
  Failed: ['DeadLetters', 'Sum'],
  P50Milliseconds: ['Latency', 'p50'],
  P99Milliseconds: ['Latency', 'p99'],
};

async function readMetrics(
  aws: AwsClientConfig,
  stack: string,
  { begin, count, periodSeconds }: Periods,
): Promise<Pick<Overview, keyof typeof charted>> {
  const { CloudWatchClient, paginateGetMetricData } = await import('@aws-sdk/client-cloudwatch');
  const client = new CloudWatchClient(aws);
  const queries = Object.entries(charted).map(([name, [MetricName, Stat]]): MetricDataQuery => {
    const Dimensions = [{ Name: 'Stack', Value: stack }];
    const Metric = { Namespace: 'Lastmile', MetricName, Dimensions };
    return { Id: name.toLowerCase(), MetricStat: { Metric, Period: periodSeconds, Stat } };
  });
  const times = { StartTime: new Date(begin * 1000), EndTime: new Date((begin + count * periodSeconds) * 1000) };
  const found = new Map(queries.map(({ Id = '' }) => [Id, Array.from({ length: count }, (): number | null => null)]));
  try {
    for await (const page of paginateGetMetricData({ client }, { MetricDataQueries: queries, ...times })) {
      for (const { Id = '', Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
        for (const [index, time] of Timestamps.entries()) {
          const period = Math.floor((time.getTime() / 1000 - begin) / periodSeconds);
          const values = found.get(Id);
          if (values !== undefined && period in values) values[period] = Values[index] ?? null;
        }
      }
    }
  } finally {
    client.destroy();
  }
  const valuesOf = (name: keyof typeof charted): readonly (number | null)[] => found.get(name.toLowerCase()) ?? [];
  return {
    Delivered: valuesOf('Delivered').map((value) => value ?? 0),
    Failed: valuesOf('Failed').map((value) => value ?? 0),
    P50Milliseconds: valuesOf('P50Milliseconds'),
    P99Milliseconds: valuesOf('P99Milliseconds'),
  };
}

async function readAlarms(aws: AwsClientConfig, stack: string): Promise<readonly OverviewAlarm[]> {
  const { CloudWatchClient, paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch');
  const client = new CloudWatchClient(aws);
  const alarms: OverviewAlarm[] = [];
  try {
    for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, { AlarmNamePrefix: `${stack}-` })) {
      for (const { AlarmName = '', AlarmDescription, StateValue, StateUpdatedTimestamp } of MetricAlarms) {
        alarms.push({
          Name: AlarmName.slice(stack.length + 1),
          State: StateValue ?? 'INSUFFICIENT_DATA',
          ...(AlarmDescription !== undefined && { Description: AlarmDescription }),
          ...(StateUpdatedTimestamp !== undefined && { Since: StateUpdatedTimestamp.getTime() / 1000 }),
        });
      }
    }
  } finally {
    client.destroy();
  }
  return alarms;
}

/** Each page reads a hundred API destinations and their buckets from the table, which costs the stack as many read units. */
const maxPages = 3;
const destinationsPerPage = 100;

async function countOpenCircuits({
  aws: { region },
  perform,
}: StageOverviewDependencies): Promise<Pick<Overview, 'OpenCircuits' | 'DestinationsRead'>> {
  let open = 0;
  let read = 0;
  let token: JsonObject[string] | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const input = { Limit: destinationsPerPage, ...(token !== undefined && { NextToken: token }) };
    const result = await perform('ListDestinationHealth', input, region);
    if ('error' in result) throw Object.assign(new Error(result.error.message), { name: result.error.code });
    const { ApiDestinations: destinations } = result.output;
    const list = Array.isArray(destinations) ? (destinations as readonly JsonObject[]) : [];
    read += list.length;
    open += list.filter(({ State }) => State === 'UNHEALTHY').length;
    token = result.output['NextToken'];
    if (token === undefined) return { OpenCircuits: open };
  }
  return { OpenCircuits: open, DestinationsRead: read };
}
