import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { batchSize } from '../../../functions/wiring.ts';
import { tableDefinition, timeToLiveAttribute } from '../../../lib/adapters/dynamodb-table.ts';
import { parseConfig } from '../../../lib/config.ts';
import type { JsonObject } from '../../../lib/core/json.ts';
import { maximumReceives } from '../../../lib/core/queued-delivery.ts';
import { functionNames, packageTemplate, type Resource, type Template } from './packaged-template.ts';

let template: Template;
beforeAll(async () => {
  template = await packageTemplate('prod');
}, 120_000);

const logicalNames = {
  deliver: 'Deliver',
  'deliver-queued': 'DeliverDashqueued',
  'control-api': 'ControlDashapi',
  'authorize-connection': 'AuthorizeDashconnection',
  redrive: 'Redrive',
};
const roles = {
  deliver: 'DeliverRole',
  'deliver-queued': 'DeliverQueuedRole',
  'control-api': 'ControlApiRole',
  'authorize-connection': 'AuthorizeConnectionRole',
  redrive: 'RedriveRole',
};

describe('a function of the deployed stack', () => {
  test.each(functionNames)(
    '%s runs on Node 24 and arm64 under its own name and role, with its log kept 30 days',
    (name) => {
      expect(resource(`${logicalNames[name]}LambdaFunction`, 'AWS::Lambda::Function').Properties).toMatchObject({
        FunctionName: `lastmile-prod-${name}`,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Role: { 'Fn::GetAtt': [roles[name], 'Arn'] },
        Timeout: name === 'control-api' ? 30 : 60,
        MemorySize: 512,
      });
      expect(resource(`${logicalNames[name]}LogGroup`, 'AWS::Logs::LogGroup').Properties).toEqual({
        LogGroupName: `/aws/lambda/lastmile-prod-${name}`,
        RetentionInDays: 30,
      });
    },
  );

  test.each(functionNames)(
    '%s gets variables that its configuration accepts, and the time limit that it has',
    (name) => {
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
    },
  );

  test('may send to a queue that it reads: retries are a loop on purpose', () => {
    for (const name of ['deliver', 'deliver-queued'] as const) {
      expect(resource(`${logicalNames[name]}LambdaFunction`).Properties).toMatchObject({ RecursiveLoop: 'Allow' });
    }
    expect(resource('ControlDashapiLambdaFunction').Properties).not.toHaveProperty('RecursiveLoop');
  });

  test.each(['deliver', 'authorize-connection'] as const)(
    '%s is tried three times, then its input goes to the bucket',
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

  test('has no concurrency reserved and no network unless a parameter says so', () => {
    for (const { Properties } of ofType('AWS::Lambda::Function')) {
      expect(Object.keys(Properties)).not.toContain('ReservedConcurrentExecutions');
      expect(Object.keys(Properties)).not.toContain('VpcConfig');
    }
  });

  test('is not kept in old versions, which nothing would refer to', () => {
    expect(ofType('AWS::Lambda::Version')).toEqual([]);
  });
});

describe('the ways into the deployed stack', () => {
  test('batches of the delivery queue are as large as the rate limiter expects, and report their failures one by one', () => {
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

  test('the control API alone has a URL, which lets everybody ask the function', () => {
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

  test('its outputs say where everything is', () => {
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
    });
  });

  test('the README asks for outputs that there are', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const asked = [...readme.matchAll(/\$\(output (\w+)\)/g)].map(([, name]) => name);
    expect(asked).toContain('ControlApiUrl');
    expect(Object.keys(template.Outputs)).toEqual(expect.arrayContaining(asked));
  });
});

describe('what the deployed stack keeps', () => {
  test.each(['Table', 'RootSecret', 'FailedInvocations', 'DeliveryQueue', 'DeadLetterQueue'])(
    '%s outlives it',
    (id) => {
      expect(resource(id)).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    },
  );

  test('the table has the keys and the index of the local one, expiry, recovery and deletion protection', () => {
    expect(resource('Table', 'AWS::DynamoDB::Table').Properties).toEqual({
      ...tableDefinition('lastmile-prod'),
      TimeToLiveSpecification: { AttributeName: timeToLiveAttribute, Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  test('the delivery queue hides a message for six time limits and gives it up after as many receives as the worker knows', () => {
    expect(resource('DeliveryQueue', 'AWS::SQS::Queue').Properties).toEqual({
      QueueName: 'lastmile-prod-deliveries',
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
      MaximumMessageSize: 1_048_576,
      VisibilityTimeout: 360,
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] },
        maxReceiveCount: maximumReceives,
      },
    });
  });

  test('the dead letters are kept for 14 days and taken from the delivery queue only', () => {
    const arn = 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:lastmile-prod-deliveries';
    expect(resource('DeadLetterQueue', 'AWS::SQS::Queue').Properties).toEqual({
      QueueName: 'lastmile-prod-dead-letters',
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
      MaximumMessageSize: 1_048_576,
      RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [{ 'Fn::Sub': arn }] },
    });
  });

  test.each([
    ['DeliveryQueue', 'AWS::SQS::QueuePolicy', 'sqs:*'],
    ['DeadLetterQueue', 'AWS::SQS::QueuePolicy', 'sqs:*'],
    ['FailedInvocations', 'AWS::S3::BucketPolicy', 's3:*'],
  ])('%s refuses requests without TLS, also when its stack is gone', (id, type, Action) => {
    const kept = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };
    const about = type === 'AWS::SQS::QueuePolicy' ? { Queues: [{ Ref: id }] } : { Bucket: { Ref: id } };
    expect(resource(`${id}Policy`, type)).toMatchObject({ ...kept, Properties: about });
    expect(resource(`${id}Policy`).Properties.PolicyDocument).toMatchObject({ Version: '2012-10-17' });
    const arn = { 'Fn::GetAtt': [id, 'Arn'] };
    expect(statements(`${id}Policy`)[0]).toEqual({
      Sid: 'TlsOnly',
      Effect: 'Deny',
      Principal: '*',
      Action,
      Resource: id === 'FailedInvocations' ? [arn, { 'Fn::Sub': `\${${id}.Arn}/*` }] : arn,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  test('rules of the same account and region may send to the delivery queue, and nobody else', () => {
    expect(statements('DeliveryQueuePolicy').slice(1)).toMatchObject([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: { 'Fn::GetAtt': ['DeliveryQueue', 'Arn'] },
        Condition: {
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          ArnLike: {
            'aws:SourceArn': { 'Fn::Sub': 'arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*' },
          },
        },
      },
    ]);
    expect(statements('DeadLetterQueuePolicy')).toHaveLength(1);
  });

  test('the root secret is generated as 64 letters and digits; any other request would replace it', () => {
    expect(resource('RootSecret', 'AWS::SecretsManager::Secret').Properties).toEqual({
      Description: 'Root secret of lastmile-prod: tokens and API keys are derived from it.',
      GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
    });
  });

  test('the bucket of failed invocations is encrypted, closed, and emptied after 90 days', () => {
    expect(resource('FailedInvocations', 'AWS::S3::Bucket').Properties).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: {
        Rules: [
          {
            Status: 'Enabled',
            ExpirationInDays: 90,
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  test('and who looks after it: alarms and a dashboard', () => {
    expect(ofType('AWS::CloudWatch::Alarm').length).toBeGreaterThan(10);
    const ids = Object.keys(template.Resources).filter(
      (id) => template.Resources[id]?.Type === 'AWS::CloudWatch::Alarm',
    );
    const body = JSON.stringify(resource('Dashboard', 'AWS::CloudWatch::Dashboard').Properties);
    expect(ids.filter((id) => !body.includes(`\${${id}.Arn}`))).toEqual([]);
  });

  test('nothing in it names an account, a region or a partition', () => {
    const text = JSON.stringify(template);
    expect(text.match(/\b[0-9]{12}\b|us-east-1|arn:aws[a-z-]*:/g)).toBeNull();
  });
});

function resource(logicalId: string, type?: string): Resource {
  const found = template.Resources[logicalId];
  if (found === undefined) throw new Error(`There is no ${logicalId} in the template.`);
  if (type !== undefined) expect(found.Type).toBe(type);
  return found;
}

function statements(policyId: string): readonly JsonObject[] {
  return resource(policyId).Properties.PolicyDocument?.Statement ?? [];
}

function ofType(type: string): readonly Resource[] {
  return Object.values(template.Resources).filter(({ Type }) => Type === type);
}

/** A reference as text that the configuration could hold; its value is CloudFormation's. */
function resolve(value: unknown): string {
  return typeof value === 'object' && value !== null && 'Ref' in value
    ? `https://sqs/1/${String(value.Ref)}`
    : String(value);
}
