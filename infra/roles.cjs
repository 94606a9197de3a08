/*
 * One IAM role for each function, with what its calls need and nothing else: test/integration/security/least-privilege.test.ts
 * compares the two, both ways. In serverless.yml this file stands for the template's resources of that kind.
 *
 * What the stack has is named by its physical names, so that no role waits for what it may use.
 */
const { asynchronous, inNetwork } = require('./functions.cjs');
const { ParameterError, readParameters } = require('./parameters.cjs');
const { arnOf, getAtt, subbed } = require('./template.cjs');

/** Partition keys of the table's items, by which is said who may touch which. */
const destinations = 'API_DESTINATION';
const connections = 'CONNECTION';
const apiKeys = ['API_KEY#control', 'API_KEY#events'];
const rates = 'RATE#*';
const tokens = 'TOKEN#*';

/**
 * @param stack `lastmile-<stage>`
 * @param parameters those of the stage, checked
 * @returns CloudFormation resources by their logical ids
 * @throws ParameterError when lists are too long for a policy
 */
function rolesOf(stack, parameters) {
  const given = { ...parameters, stack, stage: stack.slice('lastmile-'.length) };
  // The stack's own key, and those of what a team names.
  const own = parameters.kmsKeyArn === undefined ? [] : [parameters.kmsKeyArn];
  const named = parameters.keyArns;
  return {
    DeliverRole: role(given, 'deliver', [
      ...delivering(given),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager', 'sqs'], encrypts: ['sqs', 's3'] }),
      ...keys(named, { decrypts: ['secretsmanager', 'sqs'], encrypts: ['sqs'] }),
    ]),
    DeliverQueuedRole: role(given, 'deliver-queued', [
      ...delivering(given),
      // A batch is received and deleted by Lambda's event source mapping with the function's role; what has settled
      // while the rest of its batch still works, the function deletes itself. Source: SQS developer guide, configuring a
      // queue to trigger a Lambda function.
      allow(['sqs:ReceiveMessage', 'sqs:GetQueueAttributes', 'sqs:DeleteMessage'], [queue(given, 'deliveries')]),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager', 'sqs'], encrypts: ['sqs'] }),
      ...keys(named, { decrypts: ['secretsmanager', 'sqs'], encrypts: ['sqs'] }),
    ]),
    ControlApiRole: role(given, 'control-api', [
      ...managing(given),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager'], encrypts: [] }),
      ...keys(named, { decrypts: ['secretsmanager'], encrypts: [] }),
    ]),
    AuthorizeConnectionRole: role(given, 'authorize-connection', [
      items(given, ['GetItem', 'UpdateItem'], [connections, tokens]),
      readSecrets(given),
      ...keys(own, { decrypts: ['dynamodb', 'secretsmanager'], encrypts: ['s3'] }),
      ...keys(named, { decrypts: ['secretsmanager'], encrypts: [] }),
    ]),
    RedriveRole: role(given, 'redrive', [
      allow(
        ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
        [queue(given, 'dead-letters')],
      ),
      allow(['sqs:SendMessage'], [queue(given, 'deliveries')]),
      ...keys(own, { decrypts: ['sqs'], encrypts: ['sqs'] }),
    ]),
  };
}

/** What `deliver` and `deliver-queued` have in common. */
function delivering(given) {
  const { deadLetterQueueArns } = given;
  return [
    items(given, ['GetItem'], [destinations, connections, rates, tokens]),
    items(given, ['UpdateItem'], [connections, rates, tokens]),
    readSecrets(given),
    allow(['sqs:SendMessage'], [queue(given, 'deliveries'), queue(given, 'dead-letters'), ...deadLetterQueueArns]),
  ];
}

function managing(given) {
  const { stack, eventBusName } = given;
  const secretWrites = ['CreateSecret', 'DescribeSecret', 'PutSecretValue', 'UpdateSecretVersionStage', 'DeleteSecret'];
  return [
    items(
      given,
      ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'],
      [destinations, connections, ...apiKeys],
    ),
    items(given, ['BatchGetItem'], [connections]),
    // The leading key of this index is the ARN of a connection.
    allow(['dynamodb:Query'], [arnOf('dynamodb', `table/${stack}/index/by-connection`)]),
    // One that a connection's policy names is looked at then.
    readSecrets(given),
    allow(
      secretWrites.map((name) => `secretsmanager:${name}`),
      [connectionSecrets(given)],
    ),
    allow(['lambda:InvokeFunction'], [functionArn(given, 'authorize-connection')]),
    allow(['events:PutEvents'], [arnOf('events', `event-bus/${eventBusName}`)]),
  ];
}

/**
 * The trust has no condition on the account: a role is passed to functions of its own account only (iam:PassRole), and the
 * Lambda developer guide does not say that aws:SourceAccount is there when Lambda assumes one.
 */
function role(given, functionName, statements) {
  const { stack, subnetIds } = given;
  const hasNetwork = subnetIds.length > 0 && inNetwork.includes(functionName);
  const Statement = [
    ...statements,
    ...(asynchronous.includes(functionName) ? failedInvocations : []),
    // The stack makes the log group itself, with its retention.
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
      Description: `What the function ${stack}-${functionName} may do.`,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: functionName, PolicyDocument }],
    },
  };
}

/** Characters of the policies in one role. Source: IAM user guide, quotas. */
const maximumPolicyCharacters = 10_240;

/** Counted with intrinsic functions unresolved, which are a little longer. */
function refuseTooLong(policy) {
  if (JSON.stringify(policy).length <= maximumPolicyCharacters) return;
  const limit = `a role's policy has at most ${maximumPolicyCharacters} characters`;
  throw new ParameterError([`deadLetterQueueArns, secretArns and keyArns are too long (${limit}): name several queues or secrets by a wildcard`]);
}

/** Items of the table whose partition keys, all of them, are among these. None of these actions comes without a key. */
function items({ stack }, actions, partitions) {
  return {
    ...allow(
      actions.map((name) => `dynamodb:${name}`),
      [arnOf('dynamodb', `table/${stack}`)],
    ),
    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': partitions } },
  };
}

/** Those of connections, the root secret, and those that policies may name. */
function readSecrets(given) {
  const named = [connectionSecrets(given), { Ref: 'RootSecret' }, ...given.secretArns];
  return allow(['secretsmanager:GetSecretValue'], named);
}

/**
 * Lambda writes the record of an asynchronous invocation that has failed for good. Source: Lambda developer guide,
 * capturing records of asynchronous invocations.
 */
const failedInvocations = [
  allow(['s3:PutObject'], [subbed('${FailedInvocations.Arn}/*')]),
  allow(['s3:ListBucket'], [getAtt('FailedInvocations', 'Arn')]),
];

/**
 * Keys of the team's own, through these services only; without one, AWS's own keys ask for nothing. What DynamoDB makes
 * with the key it makes by a grant, and whoever reads or writes a table has its key decrypted; a message needs both to be
 * sent. Source: DynamoDB developer guide, encryption at rest; SQS developer guide, key management.
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
 * Lambda makes and removes a function's network interfaces with its role; the function itself has no business with them.
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

function connectionSecrets({ stage }) {
  return arnOf('secretsmanager', `secret:lastmile/${stage}/connection/*`);
}

function functionArn({ stack }, name) {
  return arnOf('lambda', `function:${stack}-${name}`);
}

/** For osls; and its own part for whoever has the parameters already. */
module.exports = Object.assign(
  async ({ resolveVariable }) => {
    const stack = `lastmile-${await resolveVariable('sls:stage')}`;
    return rolesOf(stack, await readParameters(resolveVariable));
  },
  { rolesOf },
);
