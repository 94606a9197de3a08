import type { CloudFormationClient, ResourceChange } from '@aws-sdk/client-cloudformation';
import {
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import type { Clock } from '../../ports/clock.ts';
import { printable } from '../../local/terminal-text.ts';
import { Exit } from '../command.ts';

/** A change set that can be executed. */
export interface ChangeSet {
  readonly id: string;
  readonly stackId: string;
  /** Whether the stack does not exist yet. Until the change set is executed, the stack is empty. */
  readonly isNew: boolean;
  readonly changes: readonly ResourceChange[];
}

interface Ports {
  readonly cloudFormation: CloudFormationClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Request {
  readonly stackName: string;
  readonly stage: string;
  readonly templateUrl: string;
  readonly isNew: boolean;
}

const betweenPollsMs = 1000;

/**
 * @returns undefined when nothing would change
 * @throws Exit 1 when CloudFormation refuses the template
 */
export async function createChangeSet(request: Request, ports: Ports): Promise<ChangeSet | undefined> {
  const { cloudFormation, clock, signal } = ports;
  const { stackName, stage, templateUrl, isNew } = request;
  const command = new CreateChangeSetCommand({
    StackName: stackName,
    ChangeSetName: `lastmile-${clock.nowMs()}`,
    ChangeSetType: isNew ? 'CREATE' : 'UPDATE',
    TemplateURL: templateUrl,
    Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
    // The same tag as osls. An update without tags keeps those of the stack.
    ...(isNew && { Tags: [{ Key: 'STAGE', Value: stage }] }),
  });
  const { Id = '', StackId = '' } = await cloudFormation.send(command, { abortSignal: signal });
  const changeSet = { id: Id, stackId: StackId, isNew, changes: [] };
  try {
    const changes = await readChanges(Id, ports);
    if (changes === undefined) await deleteChangeSet(changeSet, cloudFormation);
    return changes && { ...changeSet, changes };
  } catch (error) {
    await discardChangeSet(changeSet, cloudFormation);
    throw error;
  }
}

/** @returns undefined when nothing would change */
async function readChanges(id: string, ports: Ports): Promise<readonly ResourceChange[] | undefined> {
  const changes: ResourceChange[] = [];
  let NextToken: string | undefined;
  for (;;) {
    const command = new DescribeChangeSetCommand({ ChangeSetName: id, NextToken });
    const answer = await ports.cloudFormation.send(command, { abortSignal: ports.signal });
    const { Status = '', StatusReason = '' } = answer;
    if (Status === 'FAILED' && saysNoChanges.test(StatusReason)) return undefined;
    if (Status === 'FAILED')
      throw new Exit(1, `CloudFormation refuses the change: ${printable(StatusReason, maxReason)}`);
    if (Status === 'CREATE_COMPLETE') {
      changes.push(...(answer.Changes ?? []).flatMap(({ ResourceChange: change }) => change ?? []));
      ({ NextToken } = answer);
      if (NextToken === undefined) return changes;
    } else await ports.clock.delay(betweenPollsMs, ports.signal);
  }
}

/** CloudFormation has no other sign that a change set has failed because nothing would change. */
const saysNoChanges = /didn't contain changes|No updates are to be performed/;

const maxReason = 2000;

export async function executeChangeSet(
  { id }: ChangeSet,
  { cloudFormation, signal }: Pick<Ports, 'cloudFormation' | 'signal'>,
): Promise<void> {
  await cloudFormation.send(new ExecuteChangeSetCommand({ ChangeSetName: id }), { abortSignal: signal });
}

/** Also deletes the empty stack that a change set has made. It takes no signal, because it cleans up after an interruption. */
export async function deleteChangeSet({ id, stackId, isNew }: ChangeSet, client: CloudFormationClient): Promise<void> {
  await client.send(new DeleteChangeSetCommand({ ChangeSetName: id }));
  if (isNew) await client.send(new DeleteStackCommand({ StackName: stackId }));
}

/** Deletes a change set after an error. Never rejects: the first error says more, and a change set that stays changes nothing. */
export async function discardChangeSet(changeSet: ChangeSet, client: CloudFormationClient): Promise<void> {
  await deleteChangeSet(changeSet, client).catch(() => undefined);
}
