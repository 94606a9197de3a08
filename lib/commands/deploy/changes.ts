import type { ResourceChange } from '@aws-sdk/client-cloudformation';
import { counted } from '../../local/terminal-text.ts';

/* Says in words what a change set would do. */

/** The resources whose contents exist nowhere else. */
const stores: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'table',
  'AWS::SQS::Queue': 'queue',
  'AWS::SecretsManager::Secret': 'secret',
  'AWS::S3::Bucket': 'bucket',
};

/** One line for each changed resource; for a new stack, one line for each type. */
export function changeLines(changes: readonly ResourceChange[], isNew: boolean): readonly string[] {
  return isNew ? countsOf(changes) : changes.map(lineOf).toSorted();
}

function countsOf(changes: readonly ResourceChange[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { ResourceType = '' } of changes) counts.set(ResourceType, (counts.get(ResourceType) ?? 0) + 1);
  const lines = [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return lines.map(([type, count]) => `${String(count).padStart(4)}  ${type}`);
}

const verbs: Readonly<Record<string, string>> = { Add: 'add', Modify: 'change', Remove: 'remove', Import: 'import' };

function lineOf(change: ResourceChange): string {
  const { Action = '', LogicalResourceId = '', ResourceType = '' } = change;
  const verb = isReplaced(change) ? 'replace' : (verbs[Action] ?? Action);
  const properties = propertiesOf(change);
  const rest = properties.length === 0 ? '' : `: ${properties.join(', ')}`;
  return `  ${verb.padEnd(7)}  ${LogicalResourceId} (${ResourceType})${rest}`;
}

function propertiesOf({ Details = [] }: ResourceChange): readonly string[] {
  const names = Details.map(({ Target }) => Target?.Name ?? Target?.Attribute ?? '');
  return [...new Set(names)].filter((name) => name !== '').toSorted();
}

/** CloudFormation says `Conditional` when it knows only during the update whether it must replace the resource. */
function isReplaced({ Action, Replacement }: ResourceChange): boolean {
  return Action === 'Modify' && (Replacement === 'True' || Replacement === 'Conditional');
}

/** One sentence for each table, queue, secret or bucket that the stack would lose. */
export function lostStores(changes: readonly ResourceChange[]): readonly string[] {
  return changes.flatMap((change) => {
    const noun = stores[change.ResourceType ?? ''];
    if (noun === undefined) return [];
    if (change.Action === 'Remove')
      return [`The ${noun} ${nameOf(change)} would no longer be in the stack. ${afterwards(change)}`];
    if (!isReplaced(change)) return [];
    const may = change.Replacement === 'Conditional' ? 'might' : 'would';
    const cause = propertiesOf(change).length === 0 ? '' : `, because of ${propertiesOf(change).join(', ')}`;
    const successor = noun === 'secret' ? 'a new secret, so that every API key stops working' : `a new, empty ${noun}`;
    return [`The ${noun} ${nameOf(change)} ${may} be replaced by ${successor}${cause}. ${afterwards(change)}`];
  });
}

function nameOf({ LogicalResourceId = '', PhysicalResourceId }: ResourceChange): string {
  return PhysicalResourceId === undefined ? LogicalResourceId : `${LogicalResourceId} (${PhysicalResourceId})`;
}

function afterwards({ PolicyAction }: ResourceChange): string {
  if (PolicyAction?.includes('Delete') === true) return 'AWS would delete it with all that is in it.';
  if (PolicyAction?.includes('Retain') === true) return 'It would remain in the account, with all that is in it.';
  return 'Read its DeletionPolicy to see whether it would remain in the account.';
}

export function countedResources(changes: readonly ResourceChange[]): string {
  return counted(changes.length, 'resource');
}
