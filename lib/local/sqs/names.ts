import { type SqsMembers, SqsRefusal } from './fauxqs.ts';

/** The account that fauxqs writes into every ARN. */
const fauxqsAccount = '000000000000';

/** The parts of a queue URL and a queue ARN. */
export interface QueueNaming {
  readonly account: string;
  readonly region: string;
  /** The `host:port` that the client used to reach the stack. */
  readonly host: string;
}

export function queueUrl(naming: Pick<QueueNaming, 'account' | 'host'>, queueName: string): string {
  return `http://${naming.host}/${naming.account}/${queueName}`;
}

/** Replaces the client's queue URLs and ARNs with those of fauxqs. */
export function toFauxqs(input: SqsMembers, naming: QueueNaming): SqsMembers {
  const mapped: Record<string, unknown> = { ...input };
  if (typeof input['QueueUrl'] === 'string') {
    mapped['QueueUrl'] = `http://fauxqs/${fauxqsAccount}/${queueNameOf(input['QueueUrl'], naming)}`;
  }
  const attributes = input['Attributes'];
  if (isMembers(attributes)) mapped['Attributes'] = mapArns(attributes, naming.account, fauxqsAccount);
  return mapped;
}

/** Replaces the queue URLs and the account in a fauxqs answer with those of the stack. */
export function fromFauxqs(output: SqsMembers, naming: QueueNaming): SqsMembers {
  const mapped: Record<string, unknown> = { ...output };
  const url = (value: unknown): string => queueUrl(naming, lastSegment(String(value)));
  if (output['QueueUrl'] !== undefined) mapped['QueueUrl'] = url(output['QueueUrl']);
  if (Array.isArray(output['QueueUrls'])) mapped['QueueUrls'] = output['QueueUrls'].map(url);
  const attributes = output['Attributes'];
  if (isMembers(attributes)) mapped['Attributes'] = mapArns(attributes, fauxqsAccount, naming.account);
  if (Array.isArray(output['Messages'])) {
    mapped['Messages'] = output['Messages'].map((message: SqsMembers) => withSender(message, naming.account));
  }
  return mapped;
}

/**
 * @returns the queue's name
 * @throws SqsRefusal when the URL does not name a queue of this account
 */
function queueNameOf(url: string, naming: Pick<QueueNaming, 'account'>): string {
  const [, account, name] = /^(?:https?:\/\/[^/]*)?\/([0-9]{12})\/([A-Za-z0-9_-]{1,80}(?:\.fifo)?)\/?$/.exec(url) ?? [];
  if (name === undefined || account !== naming.account) {
    throw new SqsRefusal(
      'QueueDoesNotExist',
      'The specified queue does not exist.',
      'AWS.SimpleQueueService.NonExistentQueue',
    );
  }
  return name;
}

const attributesWithArns = ['QueueArn', 'RedrivePolicy', 'RedriveAllowPolicy'];

function mapArns(attributes: SqsMembers, from: string, to: string): SqsMembers {
  const mapped: Record<string, unknown> = { ...attributes };
  const arn = new RegExp(`(arn:aws[a-z-]*:sqs:[a-z0-9-]*:)${from}:`, 'g');
  for (const name of attributesWithArns) {
    const value = attributes[name];
    if (typeof value === 'string') mapped[name] = value.replace(arn, `$1${to}:`);
  }
  return mapped;
}

function withSender(message: SqsMembers, account: string): SqsMembers {
  const attributes = message['Attributes'];
  if (!isMembers(attributes) || attributes['SenderId'] === undefined) return message;
  return { ...message, Attributes: { ...attributes, SenderId: account } };
}

function lastSegment(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

export function isMembers(value: unknown): value is SqsMembers {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
