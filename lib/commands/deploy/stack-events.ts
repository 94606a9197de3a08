import type { CloudFormationClient, StackEvent } from '@aws-sdk/client-cloudformation';
import { DescribeStackEventsCommand } from '@aws-sdk/client-cloudformation';
import type { Clock } from '../../ports/clock.ts';
import { printable } from '../../local/terminal-text.ts';

/* Follows the events of a stack from one of its events to the end of the operation. */

interface Ports {
  readonly cloudFormation: CloudFormationClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface Conclusion {
  /** The state of the stack, such as UPDATE_COMPLETE. */
  readonly status: string;
  /** Why resources failed. A resource that was only cancelled because of another one is left out. */
  readonly reasons: readonly string[];
}

const betweenPollsMs = 2000;

/** The id of the newest event. CloudFormation names the newest event first. */
export async function newestEventId(stackId: string, { cloudFormation, signal }: Ports): Promise<string | undefined> {
  const command = new DescribeStackEventsCommand({ StackName: stackId });
  const { StackEvents = [] } = await cloudFormation.send(command, { abortSignal: signal });
  return StackEvents[0]?.EventId;
}

/**
 * Prints each event as a line.
 *
 * @param since the id of the last event before the operation
 * @returns when the operation has ended, also if it has failed
 */
export async function followEvents(stackId: string, since: string | undefined, ports: Ports): Promise<Conclusion> {
  const reasons: string[] = [];
  let newest = since;
  for (;;) {
    const events = await eventsAfter(stackId, newest, ports);
    newest = events.at(-1)?.EventId ?? newest;
    for (const event of events) ports.say(eventLine(event));
    reasons.push(...reasonsIn(events));
    const end = events.find((event) => isEnd(event, stackId));
    if (end !== undefined) return { status: String(end.ResourceStatus), reasons };
    await ports.clock.delay(betweenPollsMs, ports.signal);
  }
}

/** The oldest comes first. */
async function eventsAfter(
  stackId: string,
  since: string | undefined,
  { cloudFormation, signal }: Ports,
): Promise<readonly StackEvent[]> {
  const events: StackEvent[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeStackEventsCommand({ StackName: stackId, NextToken });
    const page = await cloudFormation.send(command, { abortSignal: signal });
    for (const event of page.StackEvents ?? []) {
      if (event.EventId === since) return events.toReversed();
      events.push(event);
    }
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return events.toReversed();
}

function eventLine({ Timestamp, ResourceStatus, LogicalResourceId, ResourceStatusReason }: StackEvent): string {
  const time = Timestamp === undefined ? '' : Timestamp.toISOString().slice(11, 19);
  const reason = ResourceStatusReason === undefined ? '' : `: ${printable(ResourceStatusReason, maxReason)}`;
  return `  ${time}  ${ResourceStatus}  ${LogicalResourceId}${reason}`;
}

const maxReason = 2000;

/** CloudFormation has no other sign that it has only stopped a resource because another one failed. */
const cancelled = /^Resource (?:creation|update|deletion) cancelled/i;

export function reasonsIn(events: readonly StackEvent[]): readonly string[] {
  return events
    .filter((event) => event.ResourceStatus?.endsWith('_FAILED') === true && event.ResourceType !== stackType)
    .map((event) => ({ ...event, reason: event.ResourceStatusReason ?? 'AWS gives no reason.' }))
    .filter(({ reason }) => !cancelled.test(reason))
    .map(
      ({ LogicalResourceId, ResourceType, reason }) =>
        `${LogicalResourceId} (${ResourceType}): ${printable(reason, maxReason)}`,
    );
}

const stackType = 'AWS::CloudFormation::Stack';

/** The stack's own event tells its state. A state such as UPDATE_COMPLETE_CLEANUP_IN_PROGRESS is not the last one. */
function isEnd({ PhysicalResourceId, ResourceStatus }: StackEvent, stackId: string): boolean {
  return PhysicalResourceId === stackId && ResourceStatus?.endsWith('_IN_PROGRESS') === false;
}
