import { type SqsMembers, SqsRefusal } from './fauxqs.ts';

/** A call in SQS's older query protocol, converted to the JSON protocol. */
export interface SqsCall {
  readonly operation: string;
  readonly input: SqsMembers;
}

/** The value of a form field, or a tree of the fields whose dotted names begin alike. */
type Node = string | Map<string, Node>;

/** For each numbered list of a form, its name in the JSON protocol. */
const lists: Readonly<Record<string, string>> = {
  AttributeName: 'AttributeNames',
  MessageAttributeName: 'MessageAttributeNames',
  MessageSystemAttributeName: 'MessageSystemAttributeNames',
  TagKey: 'TagKeys',
};

const maps: Readonly<Record<string, readonly [member: string, key: string]>> = {
  Attribute: ['Attributes', 'Name'],
  MessageAttribute: ['MessageAttributes', 'Name'],
  MessageSystemAttribute: ['MessageSystemAttributes', 'Name'],
  Tag: ['Tags', 'Key'],
};

const batches = new Set([
  'SendMessageBatchRequestEntry',
  'DeleteMessageBatchRequestEntry',
  'ChangeMessageVisibilityBatchRequestEntry',
]);

const integers = new Set(['DelaySeconds', 'VisibilityTimeout', 'WaitTimeSeconds', 'MaxNumberOfMessages', 'MaxResults']);

/** Far above the real maximum: ten entries with ten attributes of four parts each. */
const maxParameters = 2000;

/**
 * @param path the request's path; it names the queue when the form has no QueueUrl
 * @throws SqsRefusal for a form without an Action, and for an invalid number
 */
export function parseQueryCall(form: string, path: string): SqsCall {
  const tree = new Map<string, Node>();
  const parameters = [...new URLSearchParams(form)];
  if (parameters.length > maxParameters)
    throw new SqsRefusal('InvalidParameterValue', `The request must have at most ${maxParameters} parameters.`);
  for (const [name, value] of parameters) place(tree, name.split('.', 8), value);
  const operation = tree.get('Action');
  if (typeof operation !== 'string') throw new SqsRefusal('MissingAction', 'The request must contain an Action.');
  const input = toMembers(tree);
  if (input['QueueUrl'] === undefined && /^\/[0-9]{12}\/./.test(path)) input['QueueUrl'] = path;
  if (operation === 'CreateQueue' && input['Tags'] !== undefined) input['tags'] = input['Tags'];
  return { operation, input };
}

function place(tree: Map<string, Node>, keys: readonly string[], value: string): void {
  const [key = '', ...rest] = keys;
  if (rest.length === 0) return void tree.set(key, value);
  const below = tree.get(key);
  const branch = below instanceof Map ? below : new Map<string, Node>();
  tree.set(key, branch);
  place(branch, rest, value);
}

function toMembers(tree: Map<string, Node>): Record<string, unknown> {
  const parameters = [...tree].filter(([name]) => name !== 'Action' && name !== 'Version');
  return Object.fromEntries(parameters.map(([name, node]) => toMember(name, node)));
}

function toMember(name: string, node: Node): [string, unknown] {
  const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
  const map = Object.hasOwn(maps, name) ? maps[name] : undefined;
  if (typeof node === 'string') return [name, integers.has(name) ? integer(name, node) : node];
  if (list !== undefined) return [list, inOrder(node)];
  if (map !== undefined) return [map[0], toMap(node, map[1])];
  if (batches.has(name)) return ['Entries', inOrder(node).map((entry) => toMembers(asMap(entry)))];
  return [name, toMembers(node)];
}

function toMap(node: Map<string, Node>, keyName: string): Record<string, unknown> {
  const entries = inOrder(node).map((entry): [string, unknown] => {
    const value = asMap(entry).get('Value');
    const key = asMap(entry).get(keyName);
    return [typeof key === 'string' ? key : '', value instanceof Map ? Object.fromEntries(value) : value];
  });
  return Object.fromEntries(entries);
}

/** Sorts `Name.1`, `Name.2`, ... by their numbers, not by their order in the form. */
function inOrder(node: Map<string, Node>): Node[] {
  return [...node].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}

function asMap(node: Node): Map<string, Node> {
  return node instanceof Map ? node : new Map<string, Node>();
}

function integer(name: string, text: string): number {
  if (/^-?[0-9]{1,9}$/.test(text)) return Number(text);
  throw new SqsRefusal('InvalidParameterValue', `Value for parameter ${name} is invalid. Reason: Must be an integer.`);
}
