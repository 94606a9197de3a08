/* All resources of the stack except functions and roles, for `resources` in serverless.yml. */
const { alarms } = require('./alarms.cjs');
const { dashboard } = require('./dashboard.cjs');
const { functionExtensions } = require('./functions.cjs');
const { readParameters } = require('./parameters.cjs');
const { queues } = require('./queues.cjs');
const { storage } = require('./storage.cjs');
const { getAtt } = require('./template.cjs');

const output = (Description, Value) => ({ Description, Value });

/** Other stacks read it with Fn::ImportValue. */
const exported = (Description, Value, Name) => ({ ...output(Description, Value), Export: { Name } });

const outputs = {
  ControlApiUrl: output('Control API: the endpoint URL for AWS clients', getAtt('ControlDashapiLambdaFunctionUrl', 'FunctionUrl')),
  DeliverArn: output('Function deliver, as a target of rules', getAtt('DeliverLambdaFunction', 'Arn')),
  DeliveryQueueUrl: output('Delivery queue', { Ref: 'DeliveryQueue' }),
  DeliveryQueueArn: output('Delivery queue, as a target of rules', getAtt('DeliveryQueue', 'Arn')),
  DeadLetterQueueUrl: output('Dead letters', { Ref: 'DeadLetterQueue' }),
  DeadLetterQueueArn: output('Dead letters', getAtt('DeadLetterQueue', 'Arn')),
  FailedInvocationsBucket: output('Asynchronous invocations that failed for good', { Ref: 'FailedInvocations' }),
  TableName: output('Table', { Ref: 'Table' }),
};

const orderedOutputs = {
  OrderedDeliveryQueueUrl: output('Ordered queue', { Ref: 'OrderedDeliveryQueue' }),
  OrderedDeliveryQueueArn: output('Ordered queue, as a target of rules', getAtt('OrderedDeliveryQueue', 'Arn')),
};

const keptEventsOutput = { KeptEventsBucket: output('Kept events', { Ref: 'KeptEvents' }) };

module.exports = async ({ resolveVariable }) => {
  const stack = `lastmile-${await resolveVariable('sls:stage')}`;
  const parameters = await readParameters(resolveVariable);
  const alarmResources = alarms(stack, parameters);
  return {
    Resources: {
      ...storage(stack, parameters),
      ...queues(stack, parameters),
      ...alarmResources,
      Dashboard: dashboard(stack, parameters, Object.keys(alarmResources)),
    },
    Outputs: {
      ...outputs,
      ResourcesFunctionArn: exported(
        'Function resources, as the ServiceToken of the resources that templates declare',
        getAtt('ResourcesLambdaFunction', 'Arn'),
        `${stack}-resources`,
      ),
      ...(parameters.keepEventsDays && keptEventsOutput),
      ...(parameters.orderedDeliveries && orderedOutputs),
    },
    extensions: functionExtensions(parameters),
  };
};
