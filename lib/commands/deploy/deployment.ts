import { createHash } from 'node:crypto';
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { S3Client } from '@aws-sdk/client-s3';
import { counted } from '../../local/terminal-text.ts';
import type { Clock } from '../../ports/clock.ts';
import { Exit } from '../command.ts';
import { interruptedEarly } from './aws-account.ts';
import type { ChangeSet } from './change-set.ts';
import { createChangeSet, deleteChangeSet, discardChangeSet, executeChangeSet } from './change-set.ts';
import { changeLines, countedResources, lostStores } from './changes.ts';
import type { CodeBucket, Upload } from './code-bucket.ts';
import { openCodeBucket, uploadMissing } from './code-bucket.ts';
import type { StackOutput } from './deployed-stack.ts';
import { describeStack, outputsOf } from './deployed-stack.ts';
import { followEvents, newestEventId } from './stack-events.ts';

/* Brings one stack to a template: uploads, change set, question, execution, events, outputs. */

export interface Deployment {
  readonly stage: string;
  readonly stackName: string;
  readonly bucket: CodeBucket;
  readonly template: object;
  /** The zips of the functions, as `template` names them. */
  readonly code: readonly Upload[];
  readonly isNew: boolean;
  readonly dryRun: boolean;
  readonly allowDataReplacement: boolean;
}

export interface DeploymentPorts {
  readonly cloudFormation: CloudFormationClient;
  readonly s3: S3Client;
  readonly clock: Clock;
  /** Aborts when somebody presses Ctrl-C. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Asks the person at the terminal. */
  readonly confirm: (question: string) => Promise<boolean>;
}

export type Result =
  | { readonly kind: 'deployed'; readonly outputs: readonly StackOutput[] }
  | { readonly kind: 'unchanged' }
  /** A dry run, or the answer to the question was no. */
  | { readonly kind: 'not deployed' };

/**
 * @throws Exit 1 when the deployment is refused or fails; Exit 130 after Ctrl-C. Both say what the stack is afterwards
 */
export async function deploy(deployment: Deployment, ports: DeploymentPorts): Promise<Result> {
  const changeSet = await beforeExecution(ports, () => prepare(deployment, ports));
  if (changeSet === undefined) return { kind: 'unchanged' };
  let since: string | undefined;
  try {
    if (!(await beforeExecution(ports, () => isWanted(deployment, changeSet, ports)))) {
      await deleteChangeSet(changeSet, ports.cloudFormation);
      return { kind: 'not deployed' };
    }
    since = await beforeExecution(ports, () => newestEventId(changeSet.stackId, ports));
  } catch (error) {
    await discardChangeSet(changeSet, ports.cloudFormation);
    throw error;
  }
  return await execute(deployment, changeSet, since, ports);
}

/** Until the change set is executed, an interruption changes nothing in the stack. */
async function beforeExecution<Value>({ signal }: DeploymentPorts, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw interruptedEarly();
    throw error;
  }
}

async function prepare(deployment: Deployment, ports: DeploymentPorts): Promise<ChangeSet | undefined> {
  const { bucket, stackName, stage, isNew } = deployment;
  await openCodeBucket(bucket, ports);
  const template = templateUpload(deployment);
  const uploads = [...deployment.code, template];
  const uploaded = await uploadMissing(bucket, uploads, ports);
  const there = uploads.length - uploaded.length;
  ports.say(
    `Uploaded ${counted(uploaded.length, 'file')} to ${bucket.name}; ${there} of ${uploads.length} were there.`,
  );
  const templateUrl = `https://${bucket.name}.s3.${bucket.region}.${suffixOf(bucket)}/${template.key}`;
  return await createChangeSet({ stackName, stage, templateUrl, isNew }, ports);
}

function templateUpload({ stackName, template }: Deployment): Upload {
  const body = `${JSON.stringify(template, undefined, 2)}\n`;
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return { key: `lastmile/${stackName}-${hash}.template.json`, body, contentType: 'application/json' };
}

function suffixOf({ partition }: CodeBucket): string {
  return partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
}

/** @throws Exit 1 when data would be lost and nobody has allowed it */
async function isWanted(deployment: Deployment, changeSet: ChangeSet, ports: DeploymentPorts): Promise<boolean> {
  const { stackName, bucket, isNew, dryRun, allowDataReplacement } = deployment;
  const { changes } = changeSet;
  const place = `the stack ${stackName} in ${bucket.region}, account ${bucket.account},`;
  const count = countedResources(changes);
  ports.say(isNew ? `\nThis creates ${place} with ${count}:` : `\nThis updates ${place} and changes ${count}:`);
  for (const line of changeLines(changes, isNew)) ports.say(line);
  const lost = lostStores(changes);
  for (const sentence of lost) ports.say(`\n${sentence}`);
  if (dryRun) return false;
  if (lost.length > 0 && !allowDataReplacement)
    throw new Exit(
      1,
      '\nNot deployed, because of the data above. To deploy all the same, add --allow-data-replacement.',
    );
  return await ports.confirm('\nDeploy this?');
}

/** @param since the id of the last event before */
async function execute(
  deployment: Deployment,
  changeSet: ChangeSet,
  since: string | undefined,
  ports: DeploymentPorts,
): Promise<Result> {
  const { cloudFormation, signal } = ports;
  try {
    await executeChangeSet(changeSet, ports);
    ports.say('');
    const { status, reasons } = await followEvents(changeSet.stackId, since, ports);
    if (status !== 'CREATE_COMPLETE' && status !== 'UPDATE_COMPLETE') throw failed(status, reasons, deployment);
    const stack = await describeStack(cloudFormation, changeSet.stackId, signal);
    return { kind: 'deployed', outputs: stack === undefined ? [] : outputsOf(stack) };
  } catch (error) {
    if (signal.aborted) throw interrupted(deployment);
    throw error;
  }
}

function failed(status: string, reasons: readonly string[], deployment: Deployment): Exit {
  const why = reasons.length === 0 ? ['CloudFormation gives no reason.'] : reasons;
  const lines = why.map((reason) => `  ${reason}`);
  return new Exit(
    1,
    `\nThe deployment has failed (${status}):\n${lines.join('\n')}\n${afterFailure(status, deployment)}`,
  );
}

function afterFailure(status: string, deployment: Deployment): string {
  if (status === 'UPDATE_ROLLBACK_COMPLETE')
    return 'The stack runs what it ran before. Remove the cause, then deploy again.';
  if (status === 'UPDATE_ROLLBACK_FAILED')
    return `The stack could not go back either. Remove the cause, then: ${awsCommand('continue-update-rollback', deployment)}`;
  return `The stack never ran. Remove the cause, delete the stack, then deploy again: ${awsCommand('delete-stack', deployment)}`;
}

function interrupted(deployment: Deployment): Exit {
  const { isNew, stackName } = deployment;
  const stop = isNew ? 'delete-stack' : 'cancel-update-stack';
  return new Exit(
    130,
    `\nThis command has stopped, but AWS goes on ${isNew ? 'creating' : 'updating'} the stack ${stackName}.
To follow it: ${awsCommand('describe-stack-events', deployment)}
To stop it:   ${awsCommand(stop, deployment)}`,
  );
}

function awsCommand(operation: string, { stackName, bucket }: Deployment): string {
  return `aws cloudformation ${operation} --stack-name ${stackName} --region ${bucket.region}`;
}
