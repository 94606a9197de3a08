import type { MetricStat } from '@aws-sdk/client-cloudwatch';
import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import type { Overview } from '../../console/api/overview.ts';
import type { MetricName } from '../../core/delivery/metrics.ts';
import { orderedQueueOf } from './stage-queues.ts';

export interface Periods {
  readonly begin: number;
  readonly count: number;
  readonly periodSeconds: number;
}

type Values = readonly (number | null)[];

/** By its id in the query: each metric that the charts need, and how CloudWatch sums it up for a period. */
function chartedMetrics(stack: string) {
  const own = (MetricName: MetricName, Stat: string) => ({
    Metric: { Namespace: 'Lastmile', MetricName, Dimensions: [{ Name: 'Stack', Value: stack }] },
    Stat,
  });
  const ofQueue = (Value: string) => (MetricName: string) => ({
    Metric: { Namespace: 'AWS/SQS', MetricName, Dimensions: [{ Name: 'QueueName', Value }] },
    Stat: 'Maximum',
  });
  const ofDeliveryQueue = ofQueue(`${stack}-deliveries`);
  const ofOrderedQueue = ofQueue(orderedQueueOf(stack));
  return {
    delivered: own('Deliveries', 'Sum'),
    failed: own('DeadLetters', 'Sum'),
    p50milliseconds: own('Latency', 'p50'),
    p99milliseconds: own('Latency', 'p99'),
    opencircuits: own('DestinationsUnhealthy', 'Sum'),
    oldestwait: ofDeliveryQueue('ApproximateAgeOfOldestMessage'),
    visible: ofDeliveryQueue('ApproximateNumberOfMessagesVisible'),
    delayed: ofDeliveryQueue('ApproximateNumberOfMessagesDelayed'),
    notvisible: ofDeliveryQueue('ApproximateNumberOfMessagesNotVisible'),
    orderedoldestwait: ofOrderedQueue('ApproximateAgeOfOldestMessage'),
    orderedvisible: ofOrderedQueue('ApproximateNumberOfMessagesVisible'),
    orderednotvisible: ofOrderedQueue('ApproximateNumberOfMessagesNotVisible'),
  } satisfies Readonly<Record<string, Omit<MetricStat, 'Period'>>>;
}

/** The values of the charts, from CloudWatch. */
export async function readMetrics(
  aws: AwsClientConfig,
  stack: string,
  periods: Periods,
): Promise<Pick<Overview, 'Delivered' | 'Failed' | 'P50Milliseconds' | 'P99Milliseconds' | 'Samples'>> {
  const found = await readValues(aws, chartedMetrics(stack), periods);
  const counts = (values: Values): readonly number[] => values.map((value) => value ?? 0);
  return {
    Delivered: counts(found.delivered),
    Failed: counts(found.failed),
    P50Milliseconds: found.p50milliseconds,
    P99Milliseconds: found.p99milliseconds,
    Samples: {
      WaitingEvents: combined(sum, [
        found.visible,
        found.delayed,
        found.notvisible,
        found.orderedvisible,
        found.orderednotvisible,
      ]),
      OldestWaitSeconds: combined(Math.max, [found.oldestwait, found.orderedoldestwait]),
      OpenCircuits: counts(found.opencircuits),
    },
  };
}

const sum = (...values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

/** For each period, `combine` of the values that there are; null for a period without any. */
function combined(combine: (...values: readonly number[]) => number, metrics: readonly Values[]): Values {
  const [first = []] = metrics;
  return first.map((_, period) => {
    const known = metrics.map((values) => values[period]).filter((each) => typeof each === 'number');
    return known.length === 0 ? null : combine(...known);
  });
}

async function readValues<Id extends string>(
  aws: AwsClientConfig,
  metrics: Readonly<Record<Id, Omit<MetricStat, 'Period'>>>,
  { begin, count, periodSeconds }: Periods,
): Promise<Readonly<Record<Id, Values>>> {
  const { CloudWatchClient, paginateGetMetricData } = await import('@aws-sdk/client-cloudwatch');
  const client = new CloudWatchClient(aws);
  const ids = Object.keys(metrics) as Id[];
  const MetricDataQueries = ids.map((id) => ({ Id: id, MetricStat: { ...metrics[id], Period: periodSeconds } }));
  const times = { StartTime: new Date(begin * 1000), EndTime: new Date((begin + count * periodSeconds) * 1000) };
  const found = Object.fromEntries(
    ids.map((id) => [id, Array.from({ length: count }, (): number | null => null)]),
  ) as Record<Id, (number | null)[]>;
  try {
    for await (const page of paginateGetMetricData({ client }, { MetricDataQueries, ...times })) {
      for (const { Id: id = '', Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
        if (!Object.hasOwn(found, id)) continue;
        const values = found[id as Id];
        for (const [index, time] of Timestamps.entries()) {
          const period = Math.floor((time.getTime() / 1000 - begin) / periodSeconds);
          if (period in values) values[period] = Values[index] ?? null;
        }
      }
    }
  } finally {
    client.destroy();
  }
  return found;
}
