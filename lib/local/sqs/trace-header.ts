import type { SqsMembers } from './fauxqs.ts';
import { isMembers } from './names.ts';

/*
 * fauxqs ignores message system attributes. So the stack keeps AWSTraceHeader as a further message attribute, which stays with the
 * message in the database and in a dead-letter queue. Clients neither send nor see it: SQS refuses names that begin with `AWS.`.
 */
const systemName = 'AWSTraceHeader';
const keptName = 'AWS.TraceHeader';

/** SendMessage, or an entry of a batch, with AWSTraceHeader in the form in which fauxqs keeps it. */
export function keepTraceHeader(message: SqsMembers): SqsMembers {
  const system = message['MessageSystemAttributes'];
  const header = isMembers(system) ? system[systemName] : undefined;
  const value = isMembers(header) ? header['StringValue'] : undefined;
  if (typeof value !== 'string' || value === '') return message;
  const attributes = isMembers(message['MessageAttributes']) ? message['MessageAttributes'] : {};
  const kept = { DataType: 'String', StringValue: value };
  return { ...message, MessageAttributes: { ...attributes, [keptName]: kept } };
}

/** ReceiveMessage, changed so that fauxqs returns the kept header also if it filters the message attributes. */
export function askForTraceHeader(input: SqsMembers): SqsMembers {
  const names = input['MessageAttributeNames'];
  return Array.isArray(names) && names.length > 0 ? { ...input, MessageAttributeNames: [...names, keptName] } : input;
}

/** Removes the kept header from the attributes of a received message, and shows it as AWSTraceHeader if the call asks for it. */
export function showTraceHeader(message: SqsMembers, input: SqsMembers): SqsMembers {
  const all = message['MessageAttributes'];
  if (!isMembers(all)) return message;
  const { [keptName]: kept, ...MessageAttributes } = all;
  if (!isMembers(kept)) return message;
  const asked = [input['AttributeNames'], input['MessageSystemAttributeNames']].flat();
  const isAsked = asked.includes('All') || asked.includes(systemName);
  const attributes = isMembers(message['Attributes']) ? message['Attributes'] : {};
  const shown = isAsked ? { Attributes: { ...attributes, [systemName]: kept['StringValue'] } } : {};
  return { ...message, ...shown, MessageAttributes };
}

/** The member of SendMessage for an X-Ray header. */
export function traceAttribute(traceHeader: string | undefined): SqsMembers {
  if (traceHeader === undefined) return {};
  return { MessageSystemAttributes: { [systemName]: { DataType: 'String', StringValue: traceHeader } } };
}
