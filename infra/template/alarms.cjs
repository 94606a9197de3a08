/*
 * The alarms of a stack. Each alarm means that somebody must act. The table in docs/guide/deploy.md says how; a test compares
 * that table with this file. An alarm without data stays silent, because a stack without traffic is not faulty.
 */
const { asynchronous, functions } = require('./functions.cjs');
const { visibilityTimeoutSeconds } = require('./queues.cjs');

/** Longest delay of a message, DelaySeconds. Source: SQS API reference, SendMessage. */
const maximumDelaySeconds = 900;

/** The longest age of an event, after which it becomes a dead letter. Equals the largest MAXIMUM_EVENT_AGE_SECONDS of lib/config.ts. */
const maximumEventAgeSeconds = 86_400;

const fiveMinutes = 300;

/** One metric over five minutes, in CloudWatch's form. */
const metric = (Namespace, MetricName, dimensions, Stat) => ({
  Metric: { Namespace, MetricName, Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })) },
  Period: fiveMinutes,
  Stat,
});

/** Metrics that the functions write themselves. */
const ownMetric = (stack, name) => metric('Lastmile', name, { Stack: stack }, 'Sum');

const queueMetric = (queueName, name) => metric('AWS/SQS', name, { QueueName: queueName }, 'Maximum');

const functionMetric = (stack, functionName, name) =>
  metric('AWS/Lambda', name, { FunctionName: `${stack}-${functionName}` }, 'Sum');

const tableMetrics = (stack) =>
  ['ReadThrottleEvents', 'WriteThrottleEvents'].flatMap((name) => [
    metric('AWS/DynamoDB', name, { TableName: stack }, 'Sum'),
    metric('AWS/DynamoDB', name, { TableName: stack, GlobalSecondaryIndexName: 'by-connection' }, 'Sum'),
  ]);

/**
 * For each alarm: the suffix of its name, its description, the metrics whose sum is compared, and the threshold.
 *
 * A healthy message can become as old as the longest delay plus two visibility timeouts: its first worker may die, so that it
 * is received a second time. An older message shows a fault. This age is the threshold for the oldest message.
 *
 * A message of the ordered queue stays there while its event waits for retries, and behind the earlier ones of its group, until the
 * event is too old.
 */
function watched(stack, parameters) {
  const everyFunction = Object.keys(functions);
  const worstAgeSeconds = maximumDelaySeconds + 2 * visibilityTimeoutSeconds(parameters);
  const of = (names, name) => names.map((functionName) => functionMetric(stack, functionName, name));
  return [
    ['dead-letters-arriving', 'Events became dead letters.', [ownMetric(stack, 'DeadLetters')]],
    [
      'dead-letters-waiting',
      'Dead letters wait to be redriven or deleted.',
      [queueMetric(`${stack}-dead-letters`, 'ApproximateNumberOfMessagesVisible')],
    ],
    [
      'delivery-queue-age',
      'Messages stay too long in the delivery queue: no delay or retry explains the age of the oldest one.',
      [queueMetric(`${stack}-deliveries`, 'ApproximateAgeOfOldestMessage')],
      worstAgeSeconds,
    ],
    ...(parameters.orderedDeliveries
      ? [
          [
            'ordered-queue-age',
            'A message is in the ordered queue for more than a day: its event should have become a dead letter.',
            [queueMetric(`${stack}-ordered-deliveries.fifo`, 'ApproximateAgeOfOldestMessage')],
            maximumEventAgeSeconds + worstAgeSeconds,
          ],
        ]
      : []),
    ['permanent-failures', 'Endpoints or configuration refuse events for good.', [ownMetric(stack, 'PermanentFailures')]],
    ['destinations-unhealthy', 'An endpoint has failed too often in a row; its events wait.', [ownMetric(stack, 'DestinationsUnhealthy')]],
    ['connections-deauthorized', 'A connection lost its authorization.', [ownMetric(stack, 'ConnectionsDeauthorized')]],
    ['security-events', 'Credentials may go to a new host, or a request was refused for security.', [ownMetric(stack, 'SecurityEvents')]],
    ...everyFunction.map((name) => [`errors-${name}`, `Invocations of ${name} failed.`, of([name], 'Errors')]),
    ['throttled-functions', 'Functions have too little concurrency.', of(everyFunction, 'Throttles')],
    ['throttled-table', 'DynamoDB throttles the table.', tableMetrics(stack)],
    [
      'recursive-invocations-dropped',
      'Lambda took retries for an endless loop and dropped them.',
      of(['deliver', 'deliver-queued'], 'RecursiveInvocationsDropped'),
    ],
    [
      'asynchronous-events-dropped',
      'Asynchronous invocations failed for good. They are in the bucket of failed invocations.',
      of(asynchronous, 'AsyncEventsDropped'),
    ],
    [
      'failed-invocations-lost',
      'Failed invocations could not be written to their bucket.',
      of(asynchronous, 'DestinationDeliveryFailures'),
    ],
  ];
}

function alarm(name, description, metrics, threshold, { alarmTopicArn }) {
  const sum = metrics.length > 1;
  const actions = alarmTopicArn && { AlarmActions: [alarmTopicArn], OKActions: [alarmTopicArn] };
  const queries = metrics.map((metricStat, index) => ({ Id: `m${index}`, MetricStat: metricStat, ReturnData: !sum }));
  const total = { Id: 'total', Expression: 'SUM(METRICS())', Label: description, ReturnData: true };
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: name,
      AlarmDescription: `${description} What to do: docs/guide/deploy.md, Alarms.`,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: threshold,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
      Metrics: sum ? [total, ...queries] : queries,
      ...actions,
    },
  };
}

/** `dead-letters-waiting` as a logical id: DeadLettersWaitingAlarm. */
const logicalId = (slug) =>
  `${slug.split('-').map((word) => word[0].toUpperCase() + word.slice(1)).join('')}Alarm`;

/** @returns CloudFormation resources by their logical ids */
function alarms(stack, parameters) {
  return Object.fromEntries(
    watched(stack, parameters).map(([slug, description, metrics, threshold = 1]) => [
      logicalId(slug),
      alarm(`${stack}-${slug}`, description, metrics, threshold, parameters),
    ]),
  );
}

module.exports = { alarms };
