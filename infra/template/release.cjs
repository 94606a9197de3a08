/*
 * Makes the template of a release: one template for every stage, whose CloudFormation parameters are those stage parameters that a
 * reference can express. The others change which resources there are, so they need a template of the stage's own
 * (`lastmile package --stage`).
 *
 * The template of a stage is made with a placeholder for each parameter, and the placeholders are replaced by references.
 */
const { stackTemplate } = require('./stack.cjs');
const { retentions } = require('./parameters.cjs');

const stagePlaceholder = 'stage-placeholder';

/** For each stage parameter: a valid value that nothing else in the template has, and the CloudFormation parameter. */
const references = {
  alarmTopicArn: {
    placeholder: 'arn:aws:sns:us-east-1:000000000000:placeholder',
    name: 'AlarmTopicArn',
    declaration: { Type: 'String', Default: '', Description: 'SNS topic of the alarms. Without it, they show only in CloudWatch.' },
  },
  logRetentionDays: {
    placeholder: '3653',
    name: 'LogRetentionDays',
    declaration: { Type: 'Number', Default: 30, AllowedValues: retentions, Description: "Retention of the functions' logs, in days" },
  },
  maximumConcurrency: {
    placeholder: '997',
    name: 'MaximumConcurrency',
    declaration: { Type: 'Number', Default: 50, MinValue: 2, MaxValue: 1000, Description: 'Batches of the delivery queue that run at the same time' },
  },
  failedInvocationsDays: {
    placeholder: '3649',
    name: 'FailedInvocationsDays',
    declaration: { Type: 'Number', Default: 90, MinValue: 1, MaxValue: 3650, Description: 'Retention of failed invocations in their bucket, in days' },
  },
  eventBusName: {
    placeholder: 'event-bus-placeholder',
    name: 'EventBusName',
    declaration: { Type: 'String', Default: 'default', AllowedPattern: '[/.\\-_A-Za-z0-9]{1,256}', Description: 'Bus to which PutEvents of the control API forwards events' },
  },
  privateNetworkAllowlist: {
    placeholder: '192.0.2.0/32',
    name: 'PrivateNetworkAllowlist',
    declaration: { Type: 'String', Default: '', Description: 'Private address ranges that may be called, as CIDRs with commas between' },
  },
};

const parameters = {
  Stage: {
    Type: 'String',
    Default: 'prod',
    AllowedPattern: '[a-z][a-z0-9-]{0,31}',
    Description: 'Stage of the stack. It is a part of the names of functions, queues and table.',
  },
  ...Object.fromEntries(Object.values(references).map(({ name, declaration }) => [name, declaration])),
  DeletionProtection: {
    Type: 'String',
    Default: 'true',
    AllowedValues: ['true', 'false'],
    Description: 'Whether DynamoDB refuses to delete the table',
  },
};

/** @param {(name: string) => object | string} codeOf gives the member `Code` of a function */
async function releaseTemplate(version, codeOf) {
  const given = Object.entries(references).map(([name, { placeholder }]) => [name, placeholder]);
  const template = await stackTemplate({ stage: stagePlaceholder, parameters: Object.fromEntries(given), codeOf });
  const { Resources, Outputs, ...head } = referring(template, false);
  Resources.Table.Properties.DeletionProtectionEnabled = { Ref: 'DeletionProtection' };
  return {
    ...head,
    Description: `Lastmile ${version}: events to HTTP endpoints`,
    Parameters: parameters,
    Conditions: { HasAlarmTopic: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'AlarmTopicArn' }, ''] }] } },
    Resources,
    Outputs,
  };
}

/** @param isSubstituted whether CloudFormation replaces `${...}` in this text */
function referring(value, isSubstituted) {
  if (Array.isArray(value)) return value.map((member) => referring(member, isSubstituted));
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => [name, referring(member, name === 'Fn::Sub')]);
    return Object.fromEntries(members);
  }
  return referringTo(value, isSubstituted);
}

function referringTo(value, isSubstituted) {
  const same = Object.values(references).find(({ placeholder }) => placeholder === String(value));
  if (same !== undefined) return same.name === 'AlarmTopicArn' ? topicIfAny : { Ref: same.name };
  if (typeof value !== 'string') return value;
  const { eventBusName } = references;
  const text = value
    .replaceAll(stagePlaceholder, '${Stage}')
    .replaceAll(eventBusName.placeholder, `\${${eventBusName.name}}`);
  if (text === value || isSubstituted) return text;
  return { 'Fn::Sub': text };
}

const topicIfAny = { 'Fn::If': ['HasAlarmTopic', { Ref: 'AlarmTopicArn' }, { Ref: 'AWS::NoValue' }] };

module.exports = { releaseTemplate };
