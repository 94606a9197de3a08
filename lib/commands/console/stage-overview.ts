import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import type { Overview, OverviewAlarm } from '../../console/api/overview.ts';
import { isOverviewRange, overviewRanges, periodsOf, unknownRange } from '../../console/api/overview.ts';
import type { CallResult, PerformOperation } from '../../console/door/door.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { messageOf } from '../command.ts';
import { readMetrics } from './stage-metrics.ts';
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
