/*
 * Makes the CloudFormation template of a stage from serverless.yml, with the resources and logical ids that osls gives it. So a
 * stack that osls deployed can be updated with this template, and the other way round. A test compares both templates.
 */
const { getAtt } = require('./template.cjs');
const { readService } = require('./service.cjs');

/** osls forms a logical id from a function's name in this way. */
const idOf = (name) => name.replaceAll('-', 'Dash').replace(/^./, (letter) => letter.toUpperCase());

/**
 * @param {{ stage: string, parameters?: Readonly<Record<string, unknown>>, codeOf: (name: string) => object | string }} given `codeOf`
 *   gives the member `Code` of a function
 * @returns the template
 * @throws ParameterError that names every bad parameter
 */
async function stackTemplate({ stage, parameters = {}, codeOf }) {
  const { provider, functions, resources } = await readService({ stage, parameters });
  const made = Object.entries(functions).map(([name, definition]) =>
    functionResources(name, definition, provider, codeOf(name)),
  );
  const parts = resources.map((part) => part.Resources);
  const Resources = Object.assign({}, ...made, ...parts);
  for (const part of resources) extend(Resources, part.extensions ?? {});
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Lastmile, stage ${stage}: events to HTTP endpoints`,
    Resources: sorted(Resources),
    Outputs: sorted(Object.assign({}, ...resources.map((part) => part.Outputs ?? {}))),
  };
}

function functionResources(name, definition, provider, code) {
  const id = idOf(name);
  const functionId = `${id}LambdaFunction`;
  const Variables = texts({ ...provider.environment, ...definition.environment });
  return {
    [`${id}LogGroup`]: {
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: `/aws/lambda/${definition.name}`, RetentionInDays: Number(provider.logRetentionInDays) },
    },
    [functionId]: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: code,
        Handler: `.build/${name}/handler.handler`,
        Runtime: provider.runtime,
        FunctionName: definition.name,
        MemorySize: definition.memorySize ?? provider.memorySize,
        Timeout: Number(definition.timeout ?? provider.timeout),
        Architectures: [provider.architecture],
        ...(definition.recursiveLoop && { RecursiveLoop: definition.recursiveLoop }),
        Environment: { Variables },
        Role: getAtt(definition.role, 'Arn'),
      },
      DependsOn: [`${id}LogGroup`, definition.role],
    },
    ...asynchronousSettings(id, definition),
    ...(definition.url === true && functionUrl(id)),
    ...Object.assign({}, ...(definition.events ?? []).map((event) => eventSource(id, definition, event))),
  };
}

function asynchronousSettings(id, { maximumEventAge, maximumRetryAttempts }) {
  if (maximumEventAge === undefined && maximumRetryAttempts === undefined) return {};
  const Properties = {
    FunctionName: { Ref: `${id}LambdaFunction` },
    Qualifier: '$LATEST',
    MaximumEventAgeInSeconds: maximumEventAge,
    MaximumRetryAttempts: maximumRetryAttempts,
  };
  return { [`${id}LambdaEvConf`]: { Type: 'AWS::Lambda::EventInvokeConfig', Properties } };
}

/** A URL without IAM, because the function authenticates every request itself. Since 2025 it needs both permissions. */
function functionUrl(id) {
  const arn = getAtt(`${id}LambdaFunction`, 'Arn');
  return {
    [`${id}LambdaFunctionUrl`]: { Type: 'AWS::Lambda::Url', Properties: { AuthType: 'NONE', TargetFunctionArn: arn } },
    [`${id}LambdaPermissionFnUrl`]: {
      Type: 'AWS::Lambda::Permission',
      Properties: { FunctionName: arn, Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' },
    },
    [`${id}LambdaPermissionFn`]: {
      Type: 'AWS::Lambda::Permission',
      Properties: { FunctionName: arn, Action: 'lambda:InvokeFunction', Principal: '*', InvokedViaFunctionUrl: true },
    },
  };
}

/** @throws Error for an event that this file does not know */
function eventSource(id, { role }, { sqs, ...others }) {
  if (sqs === undefined) throw new Error(`serverless.yml has an event of an unknown kind: ${Object.keys(others).join(', ')}.`);
  const [queueId] = sqs.arn['Fn::GetAtt'];
  const Properties = {
    BatchSize: sqs.batchSize,
    MaximumBatchingWindowInSeconds: Number(sqs.maximumBatchingWindow),
    EventSourceArn: sqs.arn,
    FunctionName: getAtt(`${id}LambdaFunction`, 'Arn'),
    Enabled: true,
    FunctionResponseTypes: [sqs.functionResponseType],
    ScalingConfig: { MaximumConcurrency: Number(sqs.maximumConcurrency) },
  };
  const Type = 'AWS::Lambda::EventSourceMapping';
  return { [`${id}EventSourceMappingSQS${queueId}`]: { Type, DependsOn: [role], Properties } };
}

function extend(resources, extensions) {
  for (const [id, { Properties }] of Object.entries(extensions)) {
    resources[id] = { ...resources[id], Properties: { ...resources[id].Properties, ...Properties } };
  }
}

/** Environment variables are texts. osls leaves out those without a value. */
function texts(variables) {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, typeof value === 'object' ? value : String(value)]));
}

function sorted(members) {
  return Object.fromEntries(Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1)));
}

module.exports = { stackTemplate };
