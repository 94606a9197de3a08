/*
 * One IAM role for each function. A role has every permission that the function's calls need, and no other:
 * test/integration/security/least-privilege.test.ts checks both. serverless.yml takes the roles from this file.
 *
 * The roles name the stack's resources by their physical names, so that CloudFormation can create roles and resources in
 * any order.
 */
const { asynchronous, inNetwork } = require('./functions.cjs');
const { keptObjects } = require('./kept-events.cjs');
const { ParameterError, readParameters } = require('./parameters.cjs');
const { arnOf, getAtt, subbed } = require('./template.cjs');

/** Partition keys of the table's items. A policy names the keys of the items that a function may use. */
const destinations = 'API_DESTINATION';
const connections = 'CONNECTION';
const apiKeys = ['API_KEY#control', 'API_KEY#events'];
const rates = 'RATE#*';
const tokens = 'TOKEN#*';
const orderedProgress = 'ORDERED#*';

/**
 * @param stack `lastmile-<stage>`
 * @param parameters the stage's parameters, after validation
 * @returns CloudFormation resources by their logical ids
 * @throws ParameterError when lists are too long for a policy
 */
function rolesOf(stack, parameters) {
  const given = { ...parameters, stack, stage: stack.slice('lastmile-'.length) };
  // The stack's own key, and the keys of the team's own queues and secrets.
  const own = parameters.kmsKeyArn === undefined ? [] : [parameters.kmsKeyArn];
  const named = parameters.keyArns;
  const keptEvents = parameters.keepEventsDays ? ['s3'] : [];
  return {
    DeliverRole: role(given, 'deliver', [
      ...delivering(given),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager', 'sqs'], encrypts: ['sqs', 's3'] }),
      ...keys(named, { decrypts: ['secretsmanager', 'sqs'], encrypts: ['sqs'] }),
    ]),
    DeliverQueuedRole: role(given, 'deliver-queued', [
      ...delivering(given),
      // Lambda's event source mapping uses the function's role to receive and to delete a batch. The function itself
      // deletes each message that has settled while others of the batch are still being delivered. Source: SQS developer
      // guide, configuring a queue to trigger a Lambda function.
      allow(['sqs:ReceiveMessage', 'sqs:GetQueueAttributes', 'sqs:DeleteMessage'], deliveryQueues(given)),
      // A message that waits for its retry stays in the ordered queue, hidden, so that it keeps its place in its group.
      ...(given.orderedDeliveries
        ? [
            allow(['sqs:ChangeMessageVisibility'], [orderedQueue(given)]),
            items(given, ['GetItem', 'UpdateItem'], [orderedProgress]),
          ]
        : []),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager', 'sqs'], encrypts: ['sqs', ...keptEvents] }),
      ...keys(named, { decrypts: ['secretsmanager', 'sqs'], encrypts: ['sqs'] }),
    ]),
    ControlApiRole: role(given, 'control-api', [
      ...managing(given),
      ...replaying(given),
      ...onKeptEvents(given, 's3:GetObject'),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager', 'sqs', ...keptEvents], encrypts: ['sqs'] }),
      ...keys(named, { decrypts: ['secretsmanager'], encrypts: [] }),
    ]),
    AuthorizeConnectionRole: role(given, 'authorize-connection', [
      ...announcing(given),
      items(given, ['GetItem', 'UpdateItem'], [connections, tokens]),
      readSecrets(given),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager'], encrypts: ['s3'] }),
      ...keys(named, { decrypts: ['secretsmanager'], encrypts: [] }),
    ]),
    RedriveRole: role(given, 'redrive', [
      ...replaying(given),
      ...keys(own, { decrypts: ['sqs'], encrypts: ['sqs'] }),
    ]),
    ResourcesRole: role(given, 'resources', [
      ...changing(given),
      // The secrets of the API keys that templates declare. An existing one is read before it is taken for the same.
      allow(
        ['secretsmanager:CreateSecret', 'secretsmanager:GetSecretValue', 'secretsmanager:DeleteSecret'],
        [arnOf('secretsmanager', `secret:lastmile/${given.stage}/api-key/*`)],
      ),
      ...announcing(given),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager'], encrypts: [] }),
      ...keys(named, { decrypts: ['secretsmanager'], encrypts: [] }),
    ]),
  };
}

/** The permissions that `deliver` and `deliver-queued` share. */
function delivering(given) {
  const { deadLetterQueueArns } = given;
  return [
    items(given, ['GetItem'], [destinations, connections, rates, tokens]),
    items(given, ['UpdateItem'], [connections, rates, tokens]),
    readSecrets(given),
    allow(['sqs:SendMessage'], [...deliveryQueues(given), queue(given, 'dead-letters'), ...deadLetterQueueArns]),
    ...onKeptEvents(given, 's3:PutObject'),
    ...announcing(given),
  ];
}

/** To put state events on their bus. */
function announcing({ stateEventsBusName }) {
  return stateEventsBusName === undefined ? [] : [putEventsOn([stateEventsBusName])];
}

function putEventsOn(busNames) {
  return allow(['events:PutEvents'], busNames.map((name) => arnOf('events', `event-bus/${name}`)));
}

function onKeptEvents({ keepEventsDays }, action) {
  return keepEventsDays ? [allow([action], [keptObjects])] : [];
}

/** To list dead letters, and to move them back to the delivery queue. */
function replaying(given) {
  return [
    allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
      [queue(given, 'dead-letters')],
    ),
    allow(['sqs:SendMessage'], [queue(given, 'deliveries')]),
  ];
}

function managing(given) {
  const { eventBusName, stateEventsBusName = eventBusName } = given;
  return [
    ...changing(given),
    items(given, ['BatchGetItem'], [connections]),
    // For the operations that pause API destinations and show their health.
    items(given, ['GetItem', 'UpdateItem'], [rates]),
    putEventsOn([...new Set([eventBusName, stateEventsBusName])]),
  ];
}

/** To create, change and delete connections, API destinations, policies and API keys. */
function changing(given) {
  const { stack } = given;
  const secretWrites = ['CreateSecret', 'DescribeSecret', 'PutSecretValue', 'UpdateSecretVersionStage', 'DeleteSecret'];
  return [
    items(
      given,
      ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'],
      [destinations, connections, ...apiKeys],
    ),
    // The partition key of this index is a connection's ARN.
    allow(['dynamodb:Query'], [arnOf('dynamodb', `table/${stack}/index/by-connection`)]),
    // PutConnectionPolicy reads the secret that the policy names, to check it.
    readSecrets(given),
    allow(
      secretWrites.map((name) => `secretsmanager:${name}`),
      [connectionSecrets(given)],
    ),
    allow(['lambda:InvokeFunction'], [functionArn(given, 'authorize-connection')]),
  ];
}

/**
 * The trust policy needs no condition on the account, because a role can be passed only to functions of its own account
 * (iam:PassRole). Such a condition might also never be met: the Lambda developer guide does not say that Lambda sends
 * aws:SourceAccount when it assumes a role.
 */
function role(given, functionName, statements) {
  const { stack, subnetIds } = given;
  const hasNetwork = subnetIds.length > 0 && inNetwork.includes(functionName);
  const Statement = [
    ...statements,
    ...(asynchronous.includes(functionName) ? failedInvocations : []),
    // The role has no logs:CreateLogGroup, because the stack creates the log group and sets its retention.
    allow(
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      [arnOf('logs', `log-group:/aws/lambda/${stack}-${functionName}:*`)],
    ),
    ...(hasNetwork ? networkInterfaces(functionArn(given, functionName)) : []),
  ];
  const PolicyDocument = { Version: '2012-10-17', Statement };
  refuseTooLong(PolicyDocument);
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      Description: `Permissions of the function ${stack}-${functionName}.`,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: functionName, PolicyDocument }],
    },
  };
}

/** The most characters that the policies of one role may have together. Source: IAM user guide, quotas. */
const maximumPolicyCharacters = 10_240;

/** Intrinsic functions such as `Ref` are counted as written, which is a little longer than their values. */
function refuseTooLong(policy) {
  if (JSON.stringify(policy).length <= maximumPolicyCharacters) return;
  const limit = `a role's policy has at most ${maximumPolicyCharacters} characters`;
  throw new ParameterError([`deadLetterQueueArns, secretArns and keyArns are too long (${limit}): name several queues or secrets by a wildcard`]);
}

/**
 * Allows actions on items of the table if every partition key of the call is in this list. A call without a partition key,
 * such as Scan, would be allowed too, so such an action must not be passed here.
 */
function items({ stack }, actions, partitions) {
  return {
    ...allow(
      actions.map((name) => `dynamodb:${name}`),
      [arnOf('dynamodb', `table/${stack}`)],
    ),
    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': partitions } },
  };
}

/** The secrets of connections, the root secret, and the secrets that policies may name. */
function readSecrets(given) {
  const named = [connectionSecrets(given), { Ref: 'RootSecret' }, ...given.secretArns];
  return allow(['secretsmanager:GetSecretValue'], named);
}

/**
 * Lambda uses the function's role to write a record when an asynchronous invocation has failed for good. Source: Lambda
 * developer guide, capturing records of asynchronous invocations.
 */
const failedInvocations = [
  allow(['s3:PutObject'], [subbed('${FailedInvocations.Arn}/*')]),
  allow(['s3:ListBucket'], [getAtt('FailedInvocations', 'Arn')]),
];

/**
 * Lets a function use these keys, but only through the given services. Keys that AWS manages need no permission. To read or
 * write a table, a function needs kms:Decrypt. Everything else DynamoDB does through a grant of its own. To send a message, a
 * function needs kms:Decrypt and kms:GenerateDataKey. Source: DynamoDB developer guide, encryption at rest; SQS developer
 * guide, key management.
 */
function keys(arns, { decrypts, encrypts }) {
  if (arns.length === 0) return [];
  const uses = [
    ['kms:Decrypt', decrypts],
    ['kms:GenerateDataKey', encrypts],
  ];
  return uses.flatMap(([action, services]) => {
    if (services.length === 0) return [];
    const through = services.map((service) => subbed(`${service}.\${AWS::Region}.*`));
    return [{ ...allow([action], arns), Condition: { StringLike: { 'kms:ViaService': through } } }];
  });
}

/**
 * Lambda uses the function's role to create and delete the function's network interfaces. The function itself never does.
 * Source: AWS managed policy AWSLambdaVPCAccessExecutionRole; Lambda developer guide, access to a VPC.
 */
function networkInterfaces(ownArn) {
  const names = ['CreateNetworkInterface', 'DescribeNetworkInterfaces', 'DescribeSubnets', 'DeleteNetworkInterface'];
  const actions = [...names, 'AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses'].map((name) => `ec2:${name}`);
  return [
    allow(actions, ['*']),
    {
      Effect: 'Deny',
      Action: actions,
      Resource: ['*'],
      Condition: { ArnEquals: { 'lambda:SourceFunctionArn': [ownArn] } },
    },
  ];
}

function allow(Action, Resource) {
  return { Effect: 'Allow', Action, Resource };
}

function queue({ stack }, name) {
  return arnOf('sqs', `${stack}-${name}`);
}

function deliveryQueues(given) {
  return [queue(given, 'deliveries'), ...(given.orderedDeliveries ? [orderedQueue(given)] : [])];
}

function orderedQueue(given) {
  return queue(given, 'ordered-deliveries.fifo');
}

function connectionSecrets({ stage }) {
  return arnOf('secretsmanager', `secret:lastmile/${stage}/connection/*`);
}

function functionArn({ stack }, name) {
  return arnOf('lambda', `function:${stack}-${name}`);
}

/** osls calls the exported function itself. `rolesOf` is for callers that already have the parameters. */
module.exports = Object.assign(
  async ({ resolveVariable }) => {
    const stack = `lastmile-${await resolveVariable('sls:stage')}`;
    return rolesOf(stack, await readParameters(resolveVariable));
  },
  { rolesOf },
);
