import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from 'vitest';
import { batchSize } from '../../../lib/core/message/sqs-event.ts';
import { parseConfig } from '../../../lib/config.ts';
import { rolesOf } from '../../policies/roles.ts';
import { functionNames, templateOf, reading, type Template } from './packaged-template.ts';

const alarmsFile = createRequire(import.meta.url)('../../../infra/template/alarms.cjs') as {
  alarms(stack: string, parameters: object): Readonly<Record<string, unknown>>;
};

let template: Template;
beforeAll(async () => {
  template = await templateOf('prod');
}, 120_000);
const { resource, ofType, ofTypeById } = reading(() => template);

const logicalNames = {
  deliver: 'Deliver',
  'deliver-queued': 'DeliverDashqueued',
  'control-api': 'ControlDashapi',
  'authorize-connection': 'AuthorizeDashconnection',
  redrive: 'Redrive',
  resources: 'Resources',
};
const roles = {
  deliver: 'DeliverRole',
  'deliver-queued': 'DeliverQueuedRole',
  'control-api': 'ControlApiRole',
  'authorize-connection': 'AuthorizeConnectionRole',
  redrive: 'RedriveRole',
  resources: 'ResourcesRole',
};

describe('a function of the deployed stack', () => {
  test.each(functionNames)(
    'the function %s runs on Node 24 and arm64 with its own role and a log that is kept for 30 days',
    (name) => {
      expect(resource(`${logicalNames[name]}LambdaFunction`, 'AWS::Lambda::Function').Properties).toMatchObject({
        FunctionName: `lastmile-prod-${name}`,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Role: { 'Fn::GetAtt': [roles[name], 'Arn'] },
        Timeout: { 'control-api': 30, resources: 300 }[name as string] ?? 60,
        MemorySize: 512,
      });
      expect(resource(`${logicalNames[name]}LogGroup`, 'AWS::Logs::LogGroup').Properties).toEqual({
        LogGroupName: `/aws/lambda/lastmile-prod-${name}`,
        RetentionInDays: 30,
      });
    },
  );

  test.each(functionNames)('the function %s gets environment variables that its configuration accepts', (name) => {
    const Variables = resource(`${logicalNames[name]}LambdaFunction`).Properties.Environment?.Variables ?? {};
    const resolved = Object.entries(Variables).map(([key, value]) => [key, resolve(value)]);
    const config = parseConfig(Object.fromEntries(resolved));
    expect(config).toMatchObject({
      TABLE_NAME: 'lastmile-prod',
      DELIVERY_QUEUE_URL: 'https://sqs/1/DeliveryQueue',
      DEAD_LETTER_QUEUE_URL: 'https://sqs/1/DeadLetterQueue',
      ROOT_SECRET_ARN: 'https://sqs/1/RootSecret',
      SECRET_PREFIX: 'lastmile/prod/connection/',
      AUTHORIZE_CONNECTION_FUNCTION: 'lastmile-prod-authorize-connection',
      EVENT_BUS_NAME: 'default',
      FUNCTION_TIMEOUT_SECONDS: 60,
    });
    expect(Variables).toMatchObject({ STACK_NAME: 'lastmile-prod' });
  });

  test('Lambda’s loop detection does not stop a function that reads and writes the delivery queue', () => {
    for (const name of ['deliver', 'deliver-queued'] as const) {
      expect(resource(`${logicalNames[name]}LambdaFunction`).Properties).toMatchObject({ RecursiveLoop: 'Allow' });
    }
    expect(resource('ControlDashapiLambdaFunction').Properties).not.toHaveProperty('RecursiveLoop');
  });

  test.each(['deliver', 'authorize-connection'] as const)(
    'after three failed invocations of %s, the input goes to the bucket of failed invocations',
    (name) => {
      expect(resource(`${logicalNames[name]}LambdaEvConf`, 'AWS::Lambda::EventInvokeConfig').Properties).toEqual({
        FunctionName: { Ref: `${logicalNames[name]}LambdaFunction` },
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 21_600,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['FailedInvocations', 'Arn'] } } },
      });
    },
  );

  test('failed invocations of resources are not kept, because their input may hold credentials', () => {
    expect(resource('ResourcesLambdaEvConf', 'AWS::Lambda::EventInvokeConfig').Properties).toEqual({
      FunctionName: { Ref: 'ResourcesLambdaFunction' },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3600,
    });
  });

  test('a function has no reserved concurrency and no VPC unless a parameter sets them', () => {
    for (const { Properties } of ofType('AWS::Lambda::Function')) {
      expect(Object.keys(Properties)).not.toContain('ReservedConcurrentExecutions');
      expect(Object.keys(Properties)).not.toContain('VpcConfig');
    }
  });

  test('a stack keeps no events unless a parameter says so', () => {
    expect(JSON.stringify(template).replaceAll('"KEPT_EVENTS_URL":""', '')).not.toMatch(/KeptEvents|KEPT_EVENTS/);
  });

  test('a stack has nothing for ordered deliveries unless a parameter says so', () => {
    expect(JSON.stringify(template)).not.toMatch(/ordered/i);
  });

  test('old versions of a function are not kept', () => {
    expect(ofType('AWS::Lambda::Version')).toEqual([]);
  });
});

describe('the ways into the deployed stack', () => {
  test('batches of the delivery queue have the size that the rate limiter assumes, and report single failures', () => {
    const mappings = ofType('AWS::Lambda::EventSourceMapping');
    expect(mappings.map(({ Properties }) => Properties)).toEqual([
      {
        EventSourceArn: { 'Fn::GetAtt': ['DeliveryQueue', 'Arn'] },
        FunctionName: { 'Fn::GetAtt': ['DeliverDashqueuedLambdaFunction', 'Arn'] },
        Enabled: true,
        BatchSize: batchSize,
        MaximumBatchingWindowInSeconds: 0,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 50 },
      },
    ]);
  });

  test('only the control API has a URL, and everybody may send requests to it', () => {
    expect(ofType('AWS::Lambda::Url').map(({ Properties }) => Properties)).toEqual([
      { AuthType: 'NONE', TargetFunctionArn: { 'Fn::GetAtt': ['ControlDashapiLambdaFunction', 'Arn'] } },
    ]);
    const permissions = ofType('AWS::Lambda::Permission').map(({ Properties }) => Properties);
    const FunctionName = { 'Fn::GetAtt': ['ControlDashapiLambdaFunction', 'Arn'] };
    expect(permissions).toHaveLength(2);
    expect(permissions).toEqual(
      expect.arrayContaining([
        { FunctionName, Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' },
        { FunctionName, Action: 'lambda:InvokeFunction', Principal: '*', InvokedViaFunctionUrl: true },
      ]),
    );
  });

  test('the outputs of the stack name its queues, functions, table and bucket', () => {
    const values = Object.entries(template.Outputs).map(([name, { Value }]) => [name, Value]);
    expect(Object.fromEntries(values)).toMatchObject({
      ControlApiUrl: { 'Fn::GetAtt': ['ControlDashapiLambdaFunctionUrl', 'FunctionUrl'] },
      DeliverArn: { 'Fn::GetAtt': ['DeliverLambdaFunction', 'Arn'] },
      DeliveryQueueUrl: { Ref: 'DeliveryQueue' },
      DeliveryQueueArn: { 'Fn::GetAtt': ['DeliveryQueue', 'Arn'] },
      DeadLetterQueueUrl: { Ref: 'DeadLetterQueue' },
      DeadLetterQueueArn: { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] },
      FailedInvocationsBucket: { Ref: 'FailedInvocations' },
      TableName: { Ref: 'Table' },
      ResourcesFunctionArn: { 'Fn::GetAtt': ['ResourcesLambdaFunction', 'Arn'] },
    });
    expect(template.Outputs['ResourcesFunctionArn']).toMatchObject({ Export: { Name: 'lastmile-prod-resources' } });
  });

  test('the guide to deploying uses only existing outputs of the stack', () => {
    const page = readFileSync(new URL('../../../docs/guide/deploy.md', import.meta.url), 'utf8');
    const asked = [...page.matchAll(/\$\(output (\w+)\)/g)].map(([, name]) => name);
    expect(asked).toContain('ControlApiUrl');
    // Only a stage with keepEventsDays has this output: stage-parameters.test.ts.
    const outputs = [...Object.keys(template.Outputs), 'KeptEventsBucket'];
    expect(outputs).toEqual(expect.arrayContaining(asked));
  });
});

describe('what watches and binds the deployed stack', () => {
  test('the deployed stack has every alarm and a dashboard that shows them', () => {
    const expected = alarmsFile.alarms('lastmile-prod', { functionTimeoutSeconds: 60, batchingWindowSeconds: 0 });
    expect(ofTypeById('AWS::CloudWatch::Alarm')).toEqual(expected);
    const body = JSON.stringify(resource('Dashboard', 'AWS::CloudWatch::Dashboard').Properties);
    expect(Object.keys(expected).filter((id) => !body.includes(`\${${id}.Arn}`))).toEqual([]);
  });

  test('the tests compare the permissions of every role of the deployed stack with recorded calls', () => {
    expect(ofTypeById('AWS::IAM::Role')).toEqual(rolesOf('lastmile-prod'));
    expect(Object.keys(rolesOf('lastmile-prod'))).toEqual(functionNames.map((name) => roles[name]));
  });
});

/** Replaces a reference, which only CloudFormation can resolve, by a text that the configuration accepts. */
function resolve(value: unknown): string {
  return typeof value === 'object' && value !== null && 'Ref' in value
    ? `https://sqs/1/${String(value.Ref)}`
    : String(value);
}
