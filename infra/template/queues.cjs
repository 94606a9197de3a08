/*
 * The delivery queue, the ordered queue, and the dead letters. They remain when the stack is deleted, because
 * their messages exist nowhere else.
 */
const { arnOf, getAtt, kept } = require('./template.cjs');

const maximumRetentionSeconds = 1_209_600;

/** After this many receives, SQS moves a message to the dead letters. Equals the number in lib/core/message/queued-delivery.ts. */
const maximumReceives = 10;

/** The largest message that SQS allows. EventBridge's largest events fit into it. Source: SQS quotas. */
const maximumMessageBytes = 1_048_576;

/**
 * The time for which a received message stays hidden. For a queue that Lambda reads, Lambda recommends six times the
 * function's time limit plus the batching window. Source: Lambda developer guide, using Lambda with Amazon SQS.
 */
function visibilityTimeoutSeconds({ functionTimeoutSeconds, batchingWindowSeconds }) {
  return 6 * functionTimeoutSeconds + batchingWindowSeconds;
}

function queue(name, { kmsKeyArn }, more) {
  return kept({
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: name,
      MessageRetentionPeriod: maximumRetentionSeconds,
      MaximumMessageSize: maximumMessageBytes,
      ...(kmsKeyArn ? { KmsMasterKeyId: kmsKeyArn } : { SqsManagedSseEnabled: true }),
      ...more,
    },
  });
}

/**
 * A queue has only one policy. A second resource of this type, for example one that is declared with a rule, would replace
 * this one.
 */
function policy(queueId, ...statements) {
  const Resource = getAtt(queueId, 'Arn');
  const tlsOnly = {
    Sid: 'TlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: 'sqs:*',
    Resource,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const PolicyDocument = {
    Version: '2012-10-17',
    Statement: [tlsOnly, ...statements.map((statement) => ({ ...statement, Resource }))],
  };
  return kept({ Type: 'AWS::SQS::QueuePolicy', Properties: { Queues: [{ Ref: queueId }], PolicyDocument } });
}

/** Lets rules send to the delivery queue: the rules of the parameter `ruleArns`, or every rule of this account and region. */
function rulesMaySend({ ruleArns }) {
  return {
    Sid: 'Rules',
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Condition: {
      StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
      ArnLike: { 'aws:SourceArn': ruleArns.length === 0 ? arnOf('events', 'rule/*') : ruleArns },
    },
  };
}

function queues(stack, parameters) {
  // The ARN is made from the name, because the two queues refer to each other and CloudFormation refuses circular references.
  const redriveAllowPolicy = {
    redrivePermission: 'byQueue',
    sourceQueueArns: [arnOf('sqs', `${stack}-deliveries`)],
  };
  return {
    DeadLetterQueue: queue(`${stack}-dead-letters`, parameters, { RedriveAllowPolicy: redriveAllowPolicy }),
    DeadLetterQueuePolicy: policy('DeadLetterQueue'),
    DeliveryQueue: queue(`${stack}-deliveries`, parameters, {
      VisibilityTimeout: visibilityTimeoutSeconds(parameters),
      RedrivePolicy: { deadLetterTargetArn: getAtt('DeadLetterQueue', 'Arn'), maxReceiveCount: maximumReceives },
    }),
    DeliveryQueuePolicy: policy('DeliveryQueue', rulesMaySend(parameters)),
    ...(parameters.orderedDeliveries && orderedQueue(stack, parameters)),
  };
}

/**
 * The ordered queue is a FIFO queue. EventBridge sends messages without a deduplication id, so their content is their id. The
 * workers give their messages ids. The queue has no redrive policy, because its dead-letter queue would have to be a FIFO queue too:
 * the workers themselves send messages to the dead letters. Lambda has no batching window for a FIFO queue.
 */
function orderedQueue(stack, parameters) {
  return {
    OrderedDeliveryQueue: queue(`${stack}-ordered-deliveries.fifo`, parameters, {
      FifoQueue: true,
      ContentBasedDeduplication: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      VisibilityTimeout: visibilityTimeoutSeconds({ ...parameters, batchingWindowSeconds: 0 }),
    }),
    OrderedDeliveryQueuePolicy: policy('OrderedDeliveryQueue', rulesMaySend(parameters)),
    DeliverDashqueuedEventSourceMappingSQSOrderedDeliveryQueue: {
      Type: 'AWS::Lambda::EventSourceMapping',
      DependsOn: ['DeliverQueuedRole'],
      Properties: {
        BatchSize: 10,
        EventSourceArn: getAtt('OrderedDeliveryQueue', 'Arn'),
        FunctionName: getAtt('DeliverDashqueuedLambdaFunction', 'Arn'),
        Enabled: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: parameters.maximumConcurrency },
      },
    },
  };
}

module.exports = { queues, visibilityTimeoutSeconds };
