/** The parts of `arn:<partition>:events:<region>:<account>:<kind>/<name>/<incarnation>`. */
export interface EventsArn {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly kind: 'api-destination' | 'connection';
  readonly name: string;
  /**
   * The UUID that a resource gets when it is created and keeps when it is updated. If it is deleted and created again, it gets
   * another one.
   */
  readonly incarnation: string;
}

/** Source of the name: shapes ApiDestinationName and ConnectionName of the EventBridge service model. */
const eventsArnPattern =
  /^arn:(aws[a-z-]*):events:([a-z0-9-]*):([0-9]{12})?:(api-destination|connection)\/([.\-_A-Za-z0-9]{1,64})\/([-A-Za-z0-9]+)$/;

export function formatEventsArn(arn: EventsArn): string {
  return `arn:${arn.partition}:events:${arn.region}:${arn.account}:${arn.kind}/${arn.name}/${arn.incarnation}`;
}

/** @returns undefined when the text is not the ARN of an API destination or a connection */
export function parseEventsArn(text: string): EventsArn | undefined {
  // The text is nearly always a name, and this check is ten times as fast as the pattern.
  if (!text.startsWith('arn:')) return undefined;
  const match = eventsArnPattern.exec(text);
  if (match === null) return undefined;
  const [, partition = '', region = '', account = '', kind, name = '', incarnation = ''] = match;
  if (kind !== 'api-destination' && kind !== 'connection') return undefined;
  return { partition, region, account, kind, name, incarnation };
}

/** The name at the end of a rule's ARN, which may have the name of its bus before it. A name stays as it is. */
export function ruleNameOf(rule: string): string {
  return rule.slice(rule.lastIndexOf('/') + 1);
}

/** The partition that a region belongs to. Source: the AWS general reference on ARNs. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}
