import { beforeAll, describe, expect, test } from 'vitest';
import { tableDefinition, timeToLiveAttribute } from '../../../lib/adapters/dynamodb/table.ts';
import { maximumReceives } from '../../../lib/core/message/queued-delivery.ts';
import { templateOf, reading, type Template } from './packaged-template.ts';

let template: Template;
beforeAll(async () => {
  template = await templateOf('prod');
}, 120_000);
const { resource, statements } = reading(() => template);

describe('what the deployed stack keeps', () => {
  test.each(['Table', 'RootSecret', 'FailedInvocations', 'DeliveryQueue', 'DeadLetterQueue'])(
    'the resource %s remains when the stack is deleted',
    (id) => {
      expect(resource(id)).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    },
  );

  test('the deployed table has the keys and the index of the local table', () => {
    expect(resource('Table', 'AWS::DynamoDB::Table').Properties).toEqual({
      ...tableDefinition('lastmile-prod'),
      TimeToLiveSpecification: { AttributeName: timeToLiveAttribute, Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  test('the delivery queue hides a received message for six times the time limit of the function', () => {
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

  test('the dead-letter queue keeps messages for 14 days and accepts redrives only from the delivery queue', () => {
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
  ])('the resource %s refuses requests without TLS, even after its stack is deleted', (id, type, Action) => {
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

  test('only rules of the same account and region may send to the delivery queue', () => {
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

  test('the root secret is generated as 64 letters and digits, as in all earlier versions', () => {
    expect(resource('RootSecret', 'AWS::SecretsManager::Secret').Properties).toEqual({
      Description: 'Root secret of lastmile-prod: tokens and API keys are derived from it.',
      GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
    });
  });

  test('the bucket of failed invocations is encrypted and private, and deletes its objects after 90 days', () => {
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

  test('the template names no account, region or partition', () => {
    const text = JSON.stringify(template);
    expect(text.match(/\b[0-9]{12}\b|us-east-1|arn:aws[a-z-]*:/g)).toBeNull();
  });
});
