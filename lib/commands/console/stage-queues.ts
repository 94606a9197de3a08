import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import type { Overview } from '../../console/api/overview.ts';

type QueueFacts = Pick<Overview, 'WaitingEvents' | 'OldestWaitSeconds' | 'DeadLetters'>;

/** Counts the waiting events and the dead letters of a deployed stack, and finds the age of the oldest event. */
export async function readQueues(aws: AwsClientConfig, stack: string, nowMs: number): Promise<QueueFacts> {
  const ordered = orderedQueueOf(stack);
  const [queued, inOrder, DeadLetters, ...ages] = await Promise.all([
    countMessages(aws, `${stack}-deliveries`),
    countMessages(aws, ordered).catch(noneWithoutQueue),
    countMessages(aws, `${stack}-dead-letters`),
    oldestMessageSeconds(aws, `${stack}-deliveries`, nowMs),
    oldestMessageSeconds(aws, ordered, nowMs),
  ]);
  const WaitingEvents = queued + inOrder;
  const known = ages.filter((age) => age !== undefined);
  return {
    WaitingEvents,
    DeadLetters,
    ...(WaitingEvents > 0 && known.length > 0 && { OldestWaitSeconds: Math.max(...known) }),
  };
}

/** The name of the ordered queue, which only a stage with `orderedDeliveries` has. */
export const orderedQueueOf = (stack: string): string => `${stack}-ordered-deliveries.fifo`;

function noneWithoutQueue(error: unknown): number {
  if (error instanceof Error && error.name === 'QueueDoesNotExist') return 0;
  throw error;
}

/** All messages: those that can be received, those that are delayed, and those that a function has received. */
const counts = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
] as const;

async function countMessages(aws: AwsClientConfig, QueueName: string): Promise<number> {
  const { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } = await import('@aws-sdk/client-sqs');
  const client = new SQSClient(aws);
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName }));
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...counts] }),
    );
    return counts.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  } finally {
    client.destroy();
  }
}

/** SQS tells the age of its oldest message only to CloudWatch, each minute. The value may come a few minutes late. */
const ageWindowMs = 600_000;

async function oldestMessageSeconds(
  aws: AwsClientConfig,
  queueName: string,
  nowMs: number,
): Promise<number | undefined> {
  const { CloudWatchClient, GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
  const client = new CloudWatchClient(aws);
  const Metric = {
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateAgeOfOldestMessage',
    Dimensions: [{ Name: 'QueueName', Value: queueName }],
  };
  try {
    const { MetricDataResults: [found] = [] } = await client.send(
      new GetMetricDataCommand({
        MetricDataQueries: [{ Id: 'age', MetricStat: { Metric, Period: 60, Stat: 'Maximum' } }],
        StartTime: new Date(nowMs - ageWindowMs),
        EndTime: new Date(nowMs),
        ScanBy: 'TimestampDescending',
      }),
    );
    return found?.Values?.[0];
  } finally {
    client.destroy();
  }
}
