import { randomUUID } from 'node:crypto';
import type { SqsMembers } from './fauxqs.ts';
import type { LocalAnswer, Refusal } from '../stack/wire.ts';
import { element, escapeXml, xml } from '../stack/xml.ts';

const namespace = 'http://queue.amazonaws.com/doc/2012-11-05/';

/** The XML element names for lists. The query protocol does not wrap a list in an element of its own. */
const listNames: Readonly<Record<string, string>> = {
  QueueUrls: 'QueueUrl',
  Messages: 'Message',
  Failed: 'BatchResultErrorEntry',
};

const mapNames: Readonly<Record<string, readonly [element: string, key: string]>> = {
  Attributes: ['Attribute', 'Name'],
  MessageAttributes: ['MessageAttribute', 'Name'],
  Tags: ['Tag', 'Key'],
};

/** Operations without a result element. For every other operation, clients expect a result element even if it is empty. */
const withoutResult: ReadonlySet<string> = new Set([
  'ChangeMessageVisibility',
  'DeleteMessage',
  'DeleteQueue',
  'PurgeQueue',
  'SetQueueAttributes',
  'TagQueue',
  'UntagQueue',
]);

/** The answer to a call in SQS's query protocol. Source: the SQS API reference, 2012-11-05. */
export function xmlAnswer(operation: string, output: SqsMembers): LocalAnswer {
  const result = withoutResult.has(operation) ? '' : element(`${operation}Result`, members(output, operation));
  const requestId = randomUUID();
  const metadata = element('ResponseMetadata', element('RequestId', requestId));
  return xml(200, requestId, `<${operation}Response xmlns="${namespace}">${result}${metadata}</${operation}Response>`);
}

export function xmlRefusal(refusal: Refusal & { readonly queryCode?: string }): LocalAnswer {
  const error = [
    element('Type', refusal.status < 500 ? 'Sender' : 'Receiver'),
    element('Code', escapeXml(refusal.queryCode ?? refusal.code)),
    element('Message', escapeXml(refusal.message)),
    '<Detail/>',
  ].join('');
  const requestId = randomUUID();
  const inside = `${element('Error', error)}${element('RequestId', requestId)}`;
  return xml(refusal.status, requestId, `<ErrorResponse xmlns="${namespace}">${inside}</ErrorResponse>`);
}

function members(structure: SqsMembers, operation: string): string {
  return Object.entries(structure)
    .map(([name, value]) => member(name, value, operation))
    .join('');
}

function member(name: string, value: unknown, operation: string): string {
  if (value === undefined || value === null) return '';
  const map = mapNames[name];
  if (map !== undefined) return mapElements(map, value as SqsMembers, operation);
  if (Array.isArray(value)) {
    const each = name === 'Successful' ? `${operation}ResultEntry` : (listNames[name] ?? name);
    return value.map((item: unknown) => element(each, content(item, operation))).join('');
  }
  return element(name, content(value, operation));
}

function mapElements([name, key]: readonly [string, string], value: SqsMembers, operation: string): string {
  return Object.entries(value)
    .map(([entry, item]) => element(name, element(key, escapeXml(entry)) + element('Value', content(item, operation))))
    .join('');
}

function content(value: unknown, operation: string): string {
  return typeof value === 'object' && value !== null
    ? members(value as SqsMembers, operation)
    : escapeXml(String(value));
}
