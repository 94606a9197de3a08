/* The stack's dashboard. It shows the alarms, the deliveries, the waiting times, and the metrics of the stack's parts. */
const { functions } = require('./functions.cjs');
const { subbed } = require('./template.cjs');

/** A dashboard is 24 columns wide. Source: CloudWatch API reference, dashboard body structure. */
const columns = 24;
const height = 6;
const perRow = 3;

const graph = (title, metrics, stat, more) => ({ title, metrics, stat, period: 60, view: 'timeSeries', ...more });

const messageCounts = [
  'ApproximateNumberOfMessagesVisible',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
];

function graphs(stack, { orderedDeliveries }) {
  const own = (name, options = {}) => ['Lastmile', name, 'Stack', stack, options];
  const ofQueue = (name, metricName) => ['AWS/SQS', metricName, 'QueueName', `${stack}-${name}`];
  const ordered = 'ordered-deliveries.fifo';
  const ofEach = (metricName) =>
    Object.keys(functions).map((name) => ['AWS/Lambda', metricName, 'FunctionName', `${stack}-${name}`]);
  const percentiles = (name) => ['p50', 'p95', 'p99'].map((stat) => own(name, { stat, label: stat }));
  const ofTable = (name) => ['AWS/DynamoDB', name, 'TableName', stack];
  return [
    graph('Attempts and deliveries', ['Attempts', 'Deliveries', 'RetryableFailures'].map((name) => own(name)), 'Sum'),
    graph('Failures', ['PermanentFailures', 'DeadLetters', 'ConnectionsDeauthorized', 'KeysRefused', 'SecurityEvents', 'EventsNotKept', 'StateEventsLost'].map((name) => own(name)), 'Sum'),
    graph('Unhealthy destinations', ['DestinationsUnhealthy', 'ProbesFailed'].map((name) => own(name)), 'Sum'),
    graph('Latency of endpoints (ms)', percentiles('Latency'), 'p95'),
    graph('Age of events when they end (ms)', percentiles('EventAge'), 'p95'),
    graph('Wait for the rate (ms)', percentiles('RateWait'), 'p95'),
    graph(
      'Delivery queue',
      messageCounts.map((name) => ofQueue('deliveries', name)),
      'Maximum',
    ),
    graph('Oldest message of the delivery queue (s)', [ofQueue('deliveries', 'ApproximateAgeOfOldestMessage')], 'Maximum'),
    ...(orderedDeliveries
      ? [
          graph('Ordered queue', messageCounts.map((name) => ofQueue(ordered, name)), 'Maximum'),
          graph('Oldest message of the ordered queue (s)', [ofQueue(ordered, 'ApproximateAgeOfOldestMessage')], 'Maximum'),
        ]
      : []),
    graph('Dead letters', [ofQueue('dead-letters', 'ApproximateNumberOfMessagesVisible')], 'Maximum'),
    graph('Duration (ms)', ofEach('Duration'), 'p95'),
    graph('Invocations', ofEach('Invocations'), 'Sum'),
    graph('Errors', ofEach('Errors'), 'Sum'),
    graph('Concurrent executions', ofEach('ConcurrentExecutions'), 'Maximum'),
    graph('Throttles of functions', ofEach('Throttles'), 'Sum'),
    graph('Units of the table', ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].map(ofTable), 'Sum'),
    graph('Throttles of the table', ['ReadThrottleEvents', 'WriteThrottleEvents'].map(ofTable), 'Sum'),
  ];
}

/** @param alarmIds logical ids of the alarms; the first widget shows them all */
function dashboard(stack, parameters, alarmIds) {
  const width = columns / perRow;
  const status = {
    type: 'alarm',
    x: 0,
    y: 0,
    width: columns,
    height: 4,
    properties: { title: stack, alarms: alarmIds.map((id) => `\${${id}.Arn}`) },
  };
  const widgets = graphs(stack, parameters).map((properties, index) => ({
    type: 'metric',
    x: (index % perRow) * width,
    y: status.height + Math.floor(index / perRow) * height,
    width,
    height,
    properties: { ...properties, region: '${AWS::Region}' },
  }));
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: { DashboardName: stack, DashboardBody: subbed(JSON.stringify({ widgets: [status, ...widgets] })) },
  };
}

module.exports = { dashboard };
