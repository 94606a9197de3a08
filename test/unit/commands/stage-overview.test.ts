import { expect, onTestFinished, test } from 'vitest';
import { stageOverview } from '../../../lib/commands/console/stage-overview.ts';
import type { Overview } from '../../../lib/console/api/overview.ts';
import type { PerformOperation } from '../../../lib/console/door/door.ts';
import type { RecordedRequest } from '../../servers/endpoints/recording-endpoint.ts';
import { startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

const nowMs = Date.UTC(2026, 2, 4, 12, 0, 30);
const beginSeconds = Date.UTC(2026, 2, 4, 11, 1) / 1000;

/** Answers as CloudWatch and SQS do. */
function answerOf({ headers, body }: RecordedRequest): object {
  const operation = headers['x-amz-target']?.split('.')[1];
  const input = JSON.parse(body) as { QueueName?: string; QueueUrl?: string; MetricDataQueries?: { Id: string }[] };
  switch (operation) {
    case 'DescribeAlarms':
      return {
        MetricAlarms: [
          {
            AlarmName: 'lastmile-prod-dead-letters-waiting',
            StateValue: 'ALARM',
            StateUpdatedTimestamp: 1_700_000_000,
          },
          { AlarmName: 'lastmile-prod-permanent-failures', StateValue: 'OK', AlarmDescription: 'Failures.' },
        ],
      };
    case 'GetMetricData':
      if (input.MetricDataQueries?.[0]?.Id === 'age') {
        const age = body.includes('-ordered-deliveries.fifo') ? 120 : 90;
        return { MetricDataResults: [{ Id: 'age', Timestamps: [nowMs / 1000], Values: [age] }] };
      }
      return {
        MetricDataResults: [
          { Id: 'delivered', Timestamps: [beginSeconds, beginSeconds + 120], Values: [10, 20] },
          {
            Id: 'p99milliseconds',
            Timestamps: [beginSeconds + 60, beginSeconds - 60, beginSeconds + 3600],
            Values: [250, 1, 2],
          },
          { Id: 'visible', Timestamps: [beginSeconds, beginSeconds + 60], Values: [4, 5] },
          { Id: 'delayed', Timestamps: [beginSeconds], Values: [6] },
          { Id: 'notvisible', Timestamps: [beginSeconds], Values: [7] },
          { Id: 'oldestwait', Timestamps: [beginSeconds + 60], Values: [30] },
          { Id: 'orderedvisible', Timestamps: [beginSeconds, beginSeconds + 120], Values: [20, 21] },
          { Id: 'orderednotvisible', Timestamps: [beginSeconds], Values: [30] },
          { Id: 'orderedoldestwait', Timestamps: [beginSeconds + 60, beginSeconds + 120], Values: [29, 40] },
          { Id: 'opencircuits', Timestamps: [beginSeconds + 60], Values: [2] },
        ],
      };
    case 'GetQueueUrl':
      return { QueueUrl: `https://sqs.eu-west-1.amazonaws.com/123456789012/${input.QueueName}` };
    case 'GetQueueAttributes':
      if (input.QueueUrl?.endsWith('-ordered-deliveries.fifo') === true)
        return { Attributes: { ApproximateNumberOfMessages: '100', ApproximateNumberOfMessagesNotVisible: '10' } };
      return input.QueueUrl?.endsWith('-dead-letters') === true
        ? { Attributes: { ApproximateNumberOfMessages: '3' } }
        : {
            Attributes: {
              ApproximateNumberOfMessages: '5',
              ApproximateNumberOfMessagesDelayed: '6',
              ApproximateNumberOfMessagesNotVisible: '7',
            },
          };
    default:
      return expect.unreachable(`The console asked for ${operation}.`);
  }
}

/** Answers as AWS does for a stage without ordered deliveries. */
function answerWithoutFifoQueue(request: RecordedRequest): object {
  if (request.body.includes('"QueueName":"lastmile-prod-ordered-deliveries.fifo"'))
    return { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'The specified queue does not exist.' };
  if (request.body.includes('"Value":"lastmile-prod-ordered-deliveries.fifo"') && request.body.includes('"age"'))
    return { MetricDataResults: [{ Id: 'age', Timestamps: [], Values: [] }] };
  return answerOf(request);
}

/** Answers with status 400 when the body is an error, and otherwise with 200. */
async function startAws(answer: (request: RecordedRequest) => object = answerOf) {
  const aws = await startRecordingEndpoint((request) => {
    const body = answer(request);
    return { status: '__type' in body ? 400 : 200, body: JSON.stringify(body) };
  });
  onTestFinished(() => aws.close());
  const credentials = { accessKeyId: 'AKIATEAM', secretAccessKey: 'a' };
  return { aws, config: { region: 'eu-west-1', endpoint: aws.origin, credentials } };
}

const health = (pages: number): PerformOperation => {
  let read = 0;
  return async (operation, input, region) => {
    expect([operation, input['Limit'], region]).toEqual(['ListDestinationHealth', 100, 'eu-west-1']);
    read += 1;
    const ApiDestinations = [{ State: 'UNHEALTHY' }, { State: 'HEALTHY' }, { State: 'PAUSED' }];
    return { output: { ApiDestinations, ...(read < pages && { NextToken: `page ${read}` }) } };
  };
};

test('the overview of a stage comes from the metrics, alarms and queues of the stack, with the credentials of the person', async () => {
  const { aws, config } = await startAws();
  const dependencies = { stage: 'prod', aws: config, perform: health(2), nowMs };
  const answer = await stageOverview(dependencies, { Range: '1h' });
  const { Delivered, Failed, P50Milliseconds, P99Milliseconds, Samples, ...rest } = (
    answer as unknown as { output: Overview }
  ).output;
  expect(rest).toEqual({
    Begin: beginSeconds,
    PeriodSeconds: 60,
    WaitingEvents: 128,
    OldestWaitSeconds: 120,
    DeadLetters: 3,
    OpenCircuits: 2,
    Alarms: [
      { Name: 'dead-letters-waiting', State: 'ALARM', Since: 1_700_000_000 },
      { Name: 'permanent-failures', State: 'OK', Description: 'Failures.' },
    ],
  });
  expect([Delivered.length, Delivered.slice(0, 4)]).toEqual([60, [10, 0, 20, 0]]);
  expect([Failed[0], P50Milliseconds[0], P99Milliseconds.slice(0, 3)]).toEqual([0, null, [null, 250, null]]);
  expect(P99Milliseconds).toHaveLength(60);
  expect([Samples.Since, Samples.WaitingEvents.slice(0, 3)]).toEqual([undefined, [67, 5, 21]]);
  expect([Samples.OldestWaitSeconds.slice(0, 3), Samples.OpenCircuits.slice(0, 3)]).toEqual([
    [null, 30, 40],
    [0, 2, 0],
  ]);
  const asked = aws.requests.find(({ body }) => body.includes('"p50milliseconds"'));
  expect(JSON.parse(asked?.body ?? '')).toMatchObject({
    StartTime: beginSeconds,
    EndTime: beginSeconds + 3600,
    MetricDataQueries: expect.arrayContaining([
      {
        Id: 'p50milliseconds',
        MetricStat: {
          Metric: {
            Namespace: 'Lastmile',
            MetricName: 'Latency',
            Dimensions: [{ Name: 'Stack', Value: 'lastmile-prod' }],
          },
          Period: 60,
          Stat: 'p50',
        },
      },
      {
        Id: 'visible',
        MetricStat: {
          Metric: {
            Namespace: 'AWS/SQS',
            MetricName: 'ApproximateNumberOfMessagesVisible',
            Dimensions: [{ Name: 'QueueName', Value: 'lastmile-prod-deliveries' }],
          },
          Period: 60,
          Stat: 'Maximum',
        },
      },
    ]),
  });
  for (const { headers } of aws.requests) expect(headers['authorization']).toContain('Credential=AKIATEAM/');
});

test('the overview of a stage without ordered deliveries counts the events of the delivery queue alone', async () => {
  const { config } = await startAws(answerWithoutFifoQueue);
  const answer = await stageOverview({ stage: 'prod', aws: config, perform: health(1), nowMs }, { Range: '1h' });
  expect(answer).toMatchObject({ output: { WaitingEvents: 18, OldestWaitSeconds: 90, DeadLetters: 3 } });
});

test('the overview of a stage with many API destinations reads the health of 300, and says so', async () => {
  const { config } = await startAws();
  const answer = await stageOverview({ stage: 'prod', aws: config, perform: health(9), nowMs }, { Range: '7d' });
  expect(answer).toMatchObject({ output: { OpenCircuits: 3, DestinationsRead: 9, PeriodSeconds: 7200 } });
});

test('the overview of a stage says which call AWS or the stack refused', async () => {
  const denied = { __type: 'AccessDeniedException', message: 'User team may not read metrics.' };
  const { config } = await startAws(() => denied);
  const dependencies = { stage: 'prod', aws: config, perform: health(1), nowMs };
  expect(await stageOverview(dependencies, { Range: '1h' })).toMatchObject({
    error: { code: 'AccessDeniedException', message: 'User team may not read metrics.' },
  });
  const working = await startAws();
  const error = { code: 'StackNotReached', message: 'There is no function.' };
  const unreached = { ...dependencies, aws: working.config, perform: async () => ({ error }) };
  expect(await stageOverview(unreached, { Range: '1h' })).toEqual({ error });
  expect(await stageOverview(dependencies, { Range: '2h' })).toMatchObject({ error: { code: 'ValidationException' } });
});
