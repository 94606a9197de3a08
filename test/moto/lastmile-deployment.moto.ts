import {
  CloudFormationClient,
  CreateStackCommand,
  GetTemplateCommand,
  ListChangeSetsCommand,
} from '@aws-sdk/client-cloudformation';
import { GetBucketVersioningCommand, GetPublicAccessBlockCommand, S3Client } from '@aws-sdk/client-s3';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Exit } from '../../lib/commands/command.ts';
import { readDeployedStack } from '../../lib/commands/deploy/deployed-stack.ts';
import { deploy, type Deployment, type Result } from '../../lib/commands/deploy/deployment.ts';
import { deploymentOf } from '../../lib/commands/deploy/desired-stack.ts';
import { parametersFor } from '../../lib/commands/deploy/stack-files.ts';
import { functionNames } from '../unit/infra/packaged-template.ts';
import type { JsonObject } from '../../lib/core/input/json.ts';
import { foreignBucket, startUpdateProxy, type UpdateProxy } from './update-proxy.ts';

/* `lastmile deploy` without its command line, with the template of a stage, against the CloudFormation and the S3 of moto. */

const account = '123456789012';
const region = 'eu-central-1';
const started: { proxy?: UpdateProxy } = {};
let cloudFormation: CloudFormationClient;
let s3: S3Client;

beforeAll(async () => {
  const proxy = await startUpdateProxy(inject('moto') ?? '');
  started.proxy = proxy;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const config = { region, endpoint: proxy.endpoint, credentials };
  cloudFormation = new CloudFormationClient(config);
  s3 = new S3Client({ ...config, forcePathStyle: true });
});
afterAll(async () => {
  cloudFormation.destroy();
  s3.destroy();
  await started.proxy?.stop();
});

/** The code of a function does not matter to CloudFormation. */
const zips = functionNames.map((name) => ({ name, zip: zipSync({ 'handler.js': new Uint8Array([10]) }) }));

interface ChangedTemplate {
  Resources: Record<string, JsonObject>;
}

interface Given {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly change?: (template: ChangedTemplate) => object;
  readonly options?: Partial<Deployment>;
  readonly onLine?: (line: string) => void;
  readonly confirm?: () => Promise<boolean>;
  readonly signal?: AbortSignal;
}

/** Deploys a stage as the command does, and resolves to what was printed and to the result or the refusal. */
async function deployed(
  stage: string,
  given: Given = {},
): Promise<{ readonly lines: readonly string[]; readonly result: Result | Exit }> {
  const { signal = new AbortController().signal } = given;
  const before = await readDeployedStack(cloudFormation, { stackName: `lastmile-${stage}`, region }, signal);
  const desired = {
    stage,
    parameters: given.parameters ?? {},
    bucket: undefined,
    dryRun: false,
    allowDataReplacement: false,
  };
  const { deployment } = await deploymentOf(desired, { account, region, partition: 'aws' }, before, zips);
  const template = given.change?.(structuredClone(deployment.template) as ChangedTemplate) ?? deployment.template;
  const lines: string[] = [];
  const say = (line: string) => {
    lines.push(line);
    given.onLine?.(line);
  };
  const clock = { nowMs: () => Date.now(), delay: () => Promise.resolve() };
  const ports = { cloudFormation, s3, clock, signal, say, confirm: given.confirm ?? (async () => true) };
  const result = await deploy({ ...deployment, template, ...given.options }, ports).catch((error: unknown) => {
    if (error instanceof Exit) return error;
    throw error;
  });
  return { lines, result };
}

/** The change sets that were not executed. moto lists those of all stacks. */
async function changeSetsOf(stackName: string): Promise<number> {
  const { Summaries = [] } = await cloudFormation.send(new ListChangeSetsCommand({ StackName: stackName }));
  const names = Summaries.filter(({ ExecutionStatus }) => ExecutionStatus !== 'EXECUTE_COMPLETE').map(
    (each) => each.StackName,
  );
  return names.filter((name) => name === stackName).length;
}

test('the first deployment makes the code bucket and the stack, the second one changes nothing, and the third one changes what a new parameter asks for', async () => {
  const first = await deployed('one');
  expect(first.result).toMatchObject({ kind: 'deployed' });
  expect(first.lines.join('\n')).toMatch(
    /^Created the bucket lastmile-123456789012-eu-central-1 for the code\.\nUploaded 7 files .*; 0 of 7 were there\.\n\nThis creates the stack lastmile-one in eu-central-1, account 123456789012, with \d+ resources:\n[^]*^ {3}6 {2}AWS::Lambda::Function$[^]*CREATE_COMPLETE {2}lastmile-one$/m,
  );
  const bucket = { Bucket: `lastmile-${account}-${region}` };
  expect(await s3.send(new GetBucketVersioningCommand(bucket))).toMatchObject({ Status: 'Enabled' });
  const { PublicAccessBlockConfiguration } = await s3.send(new GetPublicAccessBlockCommand(bucket));
  expect(Object.values(PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true]);

  const second = await deployed('one');
  expect(second.result).toEqual({ kind: 'unchanged' });
  expect(second.lines).toEqual([expect.stringContaining('Uploaded 0 files')]);

  const third = await deployed('one', { parameters: { maximumConcurrency: '7' } });
  expect(third.result).toMatchObject({ kind: 'deployed' });
  expect(third.lines).toContain(
    '  change   DeliverDashqueuedEventSourceMappingSQSDeliveryQueue (AWS::Lambda::EventSourceMapping)',
  );

  expect((await deployed('one')).result).toEqual({ kind: 'unchanged' });
  expect(await changeSetsOf('lastmile-one')).toBe(0);
});

test('a failed update prints why each resource failed, but not the resources that were only cancelled', async () => {
  await deployed('two');
  started.proxy?.failNext({ logicalId: 'DeliveryQueue', type: 'AWS::SQS::Queue', reason: 'The key is disabled.' });
  const { lines, result } = await deployed('two', { parameters: { maximumConcurrency: '7' } });
  expect(lines).toContain('  12:00:05  UPDATE_FAILED  DeliveryQueue: The key is disabled.');
  expect(result).toMatchObject({
    status: 1,
    message: `
The deployment has failed (UPDATE_ROLLBACK_COMPLETE):
  DeliveryQueue (AWS::SQS::Queue): The key is disabled.
The stack runs what it ran before. Remove the cause, then deploy again.`,
  });
});

test('a bucket that would be removed is named, and is removed only with a flag', async () => {
  await deployed('three', { parameters: { keepEventsDays: '7' } });
  const withoutEvents: Given = { parameters: { keepEventsDays: '0' } };
  const { lines, result } = await deployed('three', withoutEvents);
  expect(lines.at(-1)).toContain('\nThe bucket KeptEvents would no longer be in the stack.');
  expect(result).toMatchObject({ status: 1, message: expect.stringContaining('--allow-data-replacement') });
  expect(await changeSetsOf('lastmile-three')).toBe(0);
  const allowed = await deployed('three', { ...withoutEvents, options: { allowDataReplacement: true } });
  expect(allowed.result).toMatchObject({ kind: 'deployed' });
});

test.each<[string, Given, object]>([
  ['the answer to the question is no', { confirm: async () => false }, { kind: 'not deployed' }],
  ['the deployment is a dry run', { options: { dryRun: true } }, { kind: 'not deployed' }],
])('nothing remains of a new stack when %s', async (_when, given, result) => {
  expect((await deployed('four', given)).result).toEqual(result);
  expect(await changeSetsOf('lastmile-four')).toBe(0);
  expect(
    await readDeployedStack(cloudFormation, { stackName: 'lastmile-four', region }, new AbortController().signal),
  ).toBeUndefined();
});

test('Ctrl-C at the question leaves nothing behind and says that the stack was not changed', async () => {
  const controller = new AbortController();
  const confirm = async () => {
    controller.abort();
    throw new Error('aborted');
  };
  const { result } = await deployed('five', { confirm, signal: controller.signal });
  expect(result).toMatchObject({
    status: 130,
    message: 'Interrupted before the deployment began. The stack was not changed.',
  });
  expect(await changeSetsOf('lastmile-five')).toBe(0);
});

test('Ctrl-C during the deployment says that AWS goes on, and how to follow and how to stop it', async () => {
  await deployed('six');
  const controller = new AbortController();
  const { result } = await deployed('six', {
    parameters: { maximumConcurrency: '7' },
    signal: controller.signal,
    onLine: (line) => {
      if (line.includes('UPDATE_IN_PROGRESS')) controller.abort();
    },
  });
  expect(result).toMatchObject({
    status: 130,
    message: `
This command has stopped, but AWS goes on updating the stack lastmile-six.
To follow it: aws cloudformation describe-stack-events --stack-name lastmile-six --region eu-central-1
To stop it:   aws cloudformation cancel-update-stack --stack-name lastmile-six --region eu-central-1`,
  });
});

test('nothing is uploaded to a bucket of another account', async () => {
  const bucket = { name: foreignBucket, account, region, partition: 'aws' };
  const { lines, result } = await deployed('seven', { options: { bucket } });
  expect(lines).toEqual([]);
  expect(result).toMatchObject({
    status: 1,
    message: expect.stringContaining(`The bucket ${foreignBucket} does not belong to your account ${account}`),
  });
  expect(started.proxy?.writesToForeignBucket()).toBe(0);
});

test('the parameters of a stack that the AWS CLI created from the template of a release are taken over', async () => {
  const StackName = 'lastmile-nine';
  const TemplateBody = JSON.stringify({
    Parameters: { MaximumConcurrency: { Type: 'Number' }, Stage: { Type: 'String' } },
    Resources: { Queue: { Type: 'AWS::SQS::Queue' } },
  });
  const Parameters = [
    { ParameterKey: 'MaximumConcurrency', ParameterValue: '20' },
    { ParameterKey: 'Stage', ParameterValue: 'nine' },
  ];
  await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody, Parameters }));
  const before = await readDeployedStack(
    cloudFormation,
    { stackName: StackName, region },
    new AbortController().signal,
  );
  expect(before).toMatchObject({ wasDeployedByOsls: false, parameters: { maximumConcurrency: '20' } });
  expect(parametersFor('nine', {}, before?.parameters ?? {})).toEqual({ maximumConcurrency: '20' });
});

test('an update keeps the bucket that osls has put into the stack', async () => {
  const oslsBucket = { ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'of-osls' } } };
  const asOsls: Given = {
    change: ({ Resources, ...template }) => ({ ...template, Metadata: {}, Resources: { ...Resources, ...oslsBucket } }),
  };
  await deployed('eight', asOsls);
  const place = { stackName: 'lastmile-eight', region };
  const before = await readDeployedStack(cloudFormation, place, new AbortController().signal);
  expect(before?.wasDeployedByOsls).toBe(true);
  const { lines, result } = await deployed('eight', { parameters: { maximumConcurrency: '7' } });
  expect([lines.filter((line) => line.includes('ServerlessDeploymentBucket')), result]).toEqual([
    [],
    { kind: 'deployed', outputs: [] },
  ]);
  const { TemplateBody = '' } = await cloudFormation.send(new GetTemplateCommand({ StackName: 'lastmile-eight' }));
  expect(JSON.parse(TemplateBody)).toMatchObject({ Resources: oslsBucket });
});
