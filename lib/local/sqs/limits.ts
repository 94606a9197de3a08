import { type SqsMembers, SqsRefusal } from './fauxqs.ts';
import { isMembers } from './names.ts';

/** SQS limits that fauxqs does not enforce. Source: the SQS developer guide, quotas. */
const maxDelaySeconds = 900;
const maxMessageAttributes = 10;

/** Source: SQS API reference, SendMessage, MessageGroupId and MessageDeduplicationId: letters, digits and punctuation of ASCII. */
const idPattern = /^[!-~]{1,128}$/;

type MemberType = 'string' | 'integer' | 'list' | 'list of strings' | 'map';

const types: Readonly<Record<string, MemberType>> = {
  QueueUrl: 'string',
  QueueName: 'string',
  QueueNamePrefix: 'string',
  NextToken: 'string',
  MessageBody: 'string',
  MessageGroupId: 'string',
  MessageDeduplicationId: 'string',
  ReceiptHandle: 'string',
  Id: 'string',
  DelaySeconds: 'integer',
  VisibilityTimeout: 'integer',
  WaitTimeSeconds: 'integer',
  MaxNumberOfMessages: 'integer',
  MaxResults: 'integer',
  AttributeNames: 'list of strings',
  MessageSystemAttributeNames: 'list of strings',
  MessageAttributeNames: 'list of strings',
  TagKeys: 'list of strings',
  Entries: 'list',
  Attributes: 'map',
  MessageAttributes: 'map',
  tags: 'map',
  Tags: 'map',
};

/**
 * Removes null members, which count as absent, and checks the types of the others.
 *
 * @throws SqsRefusal SerializationException that names the first member of a wrong type
 */
export function checkMembers(input: SqsMembers): SqsMembers {
  const present = Object.entries(input).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([name, value]) => [name, checkMember(name, value)]));
}

function checkMember(name: string, value: unknown): unknown {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type !== undefined && !isOf(type, value)) {
    throw new SqsRefusal('SerializationException', `Member ${name} must be a ${type}.`);
  }
  return name === 'Entries' ? (value as unknown[]).map(checkEntry) : value;
}

function checkEntry(entry: unknown): SqsMembers {
  if (!isMembers(entry)) throw new SqsRefusal('SerializationException', 'Member Entries must be a list of structures.');
  return checkMembers(entry);
}

function isOf(type: MemberType, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return Number.isInteger(value);
    case 'list':
      return Array.isArray(value);
    case 'list of strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'map':
      return isMembers(value);
  }
}

/** @throws SqsRefusal when the name is not a valid queue name */
export function checkQueueName(input: SqsMembers): void {
  const name = input['QueueName'];
  if (typeof name === 'string' && /^(?=.{1,80}$)[A-Za-z0-9_-]{1,80}(\.fifo)?$/.test(name)) return;
  throw invalid('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
}

/** @throws SqsRefusal for a message, or an entry of a batch, that SQS refuses */
export function checkMessage(message: SqsMembers): void {
  if (typeof message['MessageBody'] !== 'string' || message['MessageBody'] === '') {
    throw new SqsRefusal('MissingParameter', 'The request must contain the parameter MessageBody.');
  }
  const delaySeconds = message['DelaySeconds'];
  if (typeof delaySeconds === 'number' && !(delaySeconds >= 0 && delaySeconds <= maxDelaySeconds)) {
    const reason = `DelaySeconds must be >= 0 and <= ${maxDelaySeconds}.`;
    throw invalid(`Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: ${reason}`);
  }
  for (const name of ['MessageGroupId', 'MessageDeduplicationId']) {
    const id = message[name];
    if (typeof id !== 'string' || idPattern.test(id)) continue;
    const reason = `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`;
    throw invalid(`Value ${id.slice(0, 128)} for parameter ${name} is invalid. Reason: ${reason}`);
  }
  const attributes = Object.entries(isMembers(message['MessageAttributes']) ? message['MessageAttributes'] : {});
  if (attributes.length > maxMessageAttributes) {
    throw invalid(`Number of message attributes [${attributes.length}] exceeds the allowed maximum [10].`);
  }
  for (const [name, attribute] of attributes) checkMessageAttribute(name, attribute);
}

function checkMessageAttribute(name: string, attribute: unknown): void {
  if (!/^(?!aws\.|amazon\.)(?!.*\.\.)[A-Za-z0-9_-][A-Za-z0-9_.-]{0,255}$/i.test(name) || name.endsWith('.')) {
    throw invalid(`The message attribute name '${name.slice(0, 256)}' is invalid.`);
  }
  const type = isMembers(attribute) ? attribute['DataType'] : undefined;
  const kind = typeof type === 'string' ? /^(String|Number|Binary)(\.|$)/.exec(type)?.[1] : undefined;
  if (!isMembers(attribute) || kind === undefined) {
    throw invalid(`The message attribute '${name}' must have a type of String, Number or Binary.`);
  }
  const value = attribute[kind === 'Binary' ? 'BinaryValue' : 'StringValue'];
  if (typeof value !== 'string' || value === '') {
    throw invalid(`The message attribute '${name}' must contain a non-empty value of type '${kind}'.`);
  }
}

function invalid(message: string): SqsRefusal {
  return new SqsRefusal('InvalidParameterValue', message);
}
