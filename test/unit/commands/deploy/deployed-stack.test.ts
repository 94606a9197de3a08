import { expect, test } from 'vitest';
import { obstacleIn, withPartsOfOsls } from '../../../../lib/commands/deploy/deployed-stack.ts';
import { parametersFor, templateFor } from '../../../../lib/commands/deploy/stack-files.ts';

const place = { stackName: 'lastmile-prod', region: 'eu-central-1' };

test.each([
  ['UPDATE_IN_PROGRESS', 'is being changed by somebody', 'wait stack-update-complete'],
  ['UPDATE_ROLLBACK_FAILED', 'is between two versions', 'continue-update-rollback'],
  ['ROLLBACK_COMPLETE', 'was never complete', 'delete-stack'],
  ['DELETE_FAILED', 'is half deleted', 'delete-stack'],
])('a stack in the state %s is refused with the AWS CLI command that helps', (status, text, command) => {
  const obstacle = obstacleIn(status, place);
  expect(obstacle).toContain(text);
  expect(obstacle).toMatch(
    new RegExp(`aws cloudformation ${command} --stack-name lastmile-prod --region eu-central-1$`),
  );
});

test.each(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'])(
  'a stack in the state %s can be updated',
  (status) => {
    expect(obstacleIn(status, place)).toBeUndefined();
  },
);

const template = { Resources: { Table: { Type: 'AWS::DynamoDB::Table' } }, Outputs: { TableName: { Value: 'new' } } };

test('the bucket and the outputs of osls stay in the template, and nothing else of the old template', () => {
  const bucket = { Type: 'AWS::S3::Bucket' };
  const policy = { Type: 'AWS::S3::BucketPolicy' };
  const deployed = {
    Resources: { Table: {}, Older: {}, ServerlessDeploymentBucket: bucket, ServerlessDeploymentBucketPolicy: policy },
    Outputs: {
      TableName: { Value: 'old' },
      Older: { Value: 'old' },
      ServerlessDeploymentBucketName: { Value: 'code' },
      ControlDashapiLambdaFunctionUrl: { Value: 'url' },
    },
  };
  expect(withPartsOfOsls(template, deployed)).toEqual({
    Resources: { ...template.Resources, ServerlessDeploymentBucket: bucket, ServerlessDeploymentBucketPolicy: policy },
    Outputs: {
      TableName: { Value: 'new' },
      ServerlessDeploymentBucketName: { Value: 'code' },
      ControlDashapiLambdaFunctionUrl: { Value: 'url' },
    },
  });
});

test('the template of a stack that osls has not deployed stays as it is', () => {
  expect(withPartsOfOsls(template, { Resources: { Table: {} } })).toBe(template);
});

const codeOf = (name: string) => ({ S3Bucket: 'code', S3Key: `${name}.zip` });

test('a parameter that is not given keeps the value of the last deployment, and an empty one takes its default again', () => {
  const last = {
    maximumConcurrency: '7',
    alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:on-call',
    stage: 'prod',
  };
  expect(parametersFor('prod', {}, last)).toEqual({ maximumConcurrency: '7', alarmTopicArn: last.alarmTopicArn });
  expect(parametersFor('prod', { alarmTopicArn: '' }, last)).toEqual({ maximumConcurrency: '7' });
  expect(parametersFor('prod', { maximumConcurrency: '50' }, { maximumConcurrency: '7' })).toEqual({});
});

test('the metadata of the template keep the parameters that differ from their defaults', async () => {
  const { Metadata, Resources } = await templateFor('prod', { maximumConcurrency: '7' }, codeOf);
  expect(Metadata).toEqual({ Lastmile: { parameters: { maximumConcurrency: '7' } } });
  expect(Resources).toMatchObject({ DeliverLambdaFunction: { Properties: { Code: codeOf('deliver') } } });
});

test('a value that the functions would refuse is refused before anything is deployed', async () => {
  await expect(templateFor('prod', { maximumConcurrency: '1' }, codeOf)).rejects.toThrow(
    'maximumConcurrency must be a whole number from 2 to 1000',
  );
});
