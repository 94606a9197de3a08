/*
 * One IAM role for each function, with what its calls need and nothing else: test/integration/least-privilege.test.ts
 * compares the two, both ways. In serverless.yml `${file(infra/roles.cjs)}` stands for the template's resources of that
 * kind. CommonJS, because osls requires it.
 *
 * The resources of the stack are named by their physical names, so that a role does not wait for what it may use.
 */
const { listOf, oneOf, queueArn, secretArn, keyArn } = require('./role-parameters.cjs');

/** Of the table's items, by their partition key, who may touch which. */
const destinations = 'API_DESTINATION';
const connections = 'CONNECTION';
const apiKeys = ['API_KEY#control', 'API_KEY#events'];
const rates = 'RATE#*';
const tokens = 'TOKEN#*';

/**
 * @param parameters `{ stage, eventBusName, deadLetterQueueArns, secretArns, kmsKeyArn, subnetIds }`: lists as lists or with
 *   commas between, empty or undefined for none; `subnetIds` only says whether there is a VPC
 * @returns CloudFormation resources by their logical ids
 * @throws Error naming the parameter that is not right
 */
function rolesOf(parameters) {
  const given = {
    stage: parameters.stage,
    eventBusName: oneOf('eventBusName', parameters.eventBusName) ?? 'default',
    otherQueues: listOf('deadLetterQueueArns', parameters.deadLetterQueueArns, queueArn),
    otherSecrets: listOf('secretArns', parameters.secretArns, secretArn),
    kmsKey: oneOf('kmsKeyArn', parameters.kmsKeyArn, keyArn),
    hasVpc: listOf('subnetIds', parameters.subnetIds).length > 0,
  };
  return {
    DeliverRole: role(given, 'deliver', [
      ...delivering(given),
      ...failedInvocations(),
      ...key(given, ['dynamodb', 'secretsmanager', 'sqs'], ['sqs', 's3']),
    ]),
    DeliverQueuedRole: role(given, 'deliver-queued', [
      ...delivering(given),
      // A batch is received and deleted by Lambda's event source mapping with the function's role; what has settled
      // while the rest of its batch still works, the function deletes itself.
      allow(['sqs:ReceiveMessage', 'sqs:GetQueueAttributes', 'sqs:DeleteMessage'], [queue(given, 'deliveries')]),
      ...key(given, ['dynamodb', 'secretsmanager', 'sqs'], ['sqs']),
    ]),
    ControlApiRole: role(given, 'control-api', [
      ...managing(given),
      ...key(given, ['dynamodb', 'secretsmanager'], ['secretsmanager']),
    ]),
    AuthorizeConnectionRole: role(given, 'authorize-connection', [
      items(given, ['GetItem', 'UpdateItem'], [connections, tokens]),
      readSecrets(given),
      ...failedInvocations(),
      ...key(given, ['dynamodb', 'secretsmanager'], ['s3']),
    ]),
    RedriveRole: role(given, 'redrive', [
      allow(
        ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
        [queue(given, 'dead-letters')],
      ),
      allow(['sqs:SendMessage'], [queue(given, 'deliveries')]),
      ...key(given, ['sqs'], ['sqs']),
    ]),
  };
}

/** What `deliver` and `deliver-queued` have in common. */
function delivering(given) {
  return [
    items(given, ['GetItem'], [destinations, connections, rates, tokens]),
    items(given, ['UpdateItem'], [connections, rates, tokens]),
    readSecrets(given),
    allow(['sqs:SendMessage'], [queue(given, 'deliveries'), queue(given, 'dead-letters'), ...given.otherQueues]),
  ];
}

function managing(given) {
  const { stage, eventBusName } = given;
  const writes = ['CreateSecret', 'DescribeSecret', 'PutSecretValue', 'UpdateSecretVersionStage', 'DeleteSecret'];
  const bus = eventBusName.startsWith('arn:') ? eventBusName : arn('events', `event-bus/${eventBusName}`);
  return [
    items(
      given,
      ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'],
      [destinations, connections, ...apiKeys],
    ),
    items(given, ['BatchGetItem'], [connections]),
    // The leading key of this index is the ARN of a connection.
    allow(['dynamodb:Query'], [arn('dynamodb', `table/lastmile-${stage}/index/by-connection`)]),
    readSecrets(given),
    allow(
      writes.map((name) => `secretsmanager:${name}`),
      [connectionSecrets(given)],
    ),
    allow(['lambda:InvokeFunction'], [functionArn(given, 'authorize-connection')]),
    allow(['events:PutEvents'], [bus]),
  ];
}

/**
 * The trust has no condition on the account: a role is passed to functions of its own account only (iam:PassRole), and the
 * Lambda developer guide does not say that aws:SourceAccount is there when Lambda assumes one.
 */
function role(given, functionName, statements) {
  const logs = arn('logs', `log-group:/aws/lambda/lastmile-${given.stage}-${functionName}:*`);
  const Statement = [
    ...statements,
    // The stack makes the log group itself, with its retention.
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logs]),
    ...(given.hasVpc ? networkInterfaces(functionArn(given, functionName)) : []),
  ];
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      Description: `What the function lastmile-${given.stage}-${functionName} may do.`,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: functionName, PolicyDocument: { Version: '2012-10-17', Statement } }],
    },
  };
}

/** Items of the table whose partition keys, all of them, are among these. None of these actions comes without a key. */
function items({ stage }, actions, partitions) {
  return {
    ...allow(
      actions.map((name) => `dynamodb:${name}`),
      [arn('dynamodb', `table/lastmile-${stage}`)],
    ),
    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': partitions } },
  };
}

function readSecrets(given) {
  return allow(['secretsmanager:GetSecretValue'], [connectionSecrets(given), { Ref: 'RootSecret' }, ...given.otherSecrets]);
}

/**
 * Lambda writes the record of an asynchronous invocation that has failed for good. Source: Lambda developer guide,
 * capturing records of asynchronous invocations.
 */
function failedInvocations() {
  return [
    allow(['s3:PutObject'], [{ 'Fn::Sub': '${FailedInvocations.Arn}/*' }]),
    allow(['s3:ListBucket'], [{ 'Fn::GetAtt': ['FailedInvocations', 'Arn'] }]),
  ];
}

/** A key of the team's own, for what goes through these services; without one, AWS's own keys ask for nothing. */
function key({ kmsKey }, reads, writes) {
  if (kmsKey === undefined) return [];
  const through = (action, services) => ({
    ...allow([action], [kmsKey]),
    Condition: {
      StringLike: {
        'kms:ViaService': services.map((service) => ({ 'Fn::Sub': `${service}.\${AWS::Region}.*` })),
      },
    },
  });
  return [through('kms:Decrypt', reads), through('kms:GenerateDataKey', writes)];
}

/**
 * Lambda makes and removes a function's network interfaces with its role, and the function itself has no business with
 * them. Source: Lambda developer guide, attaching functions to a VPC; AWSLambdaVPCAccessExecutionRole.
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

function queue({ stage }, name) {
  return arn('sqs', `lastmile-${stage}-${name}`);
}

function connectionSecrets({ stage }) {
  return arn('secretsmanager', `secret:lastmile/${stage}/connection/*`);
}

function functionArn({ stage }, name) {
  return arn('lambda', `function:lastmile-${stage}-${name}`);
}

function arn(service, resource) {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}` };
}

const optional = ['eventBusName', 'deadLetterQueueArns', 'secretArns', 'kmsKeyArn', 'subnetIds'];

/** For osls; its own parts for whoever has the parameters already. */
module.exports = Object.assign(
  async ({ resolveVariable }) => {
    const parameters = { stage: await resolveVariable('sls:stage') };
    for (const name of optional) parameters[name] = await resolveVariable(`param:${name}, ''`);
    return rolesOf(parameters);
  },
  { rolesOf },
);
