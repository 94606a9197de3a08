import { createHash } from 'node:crypto';
import type { SqsMembers } from './fauxqs.ts';
import { isMembers } from './sqs-names.ts';

/** Received messages with the message attributes that were asked for and no others, and the digest of just those. */
export function withAskedAttributes(output: SqsMembers, input: SqsMembers): SqsMembers {
  if (!Array.isArray(output['Messages'])) return output;
  const asked = Array.isArray(input['MessageAttributeNames']) ? input['MessageAttributeNames'] : [];
  return { ...output, Messages: output['Messages'].map((message: SqsMembers) => withAttributes(message, asked)) };
}

function withAttributes(message: SqsMembers, asked: readonly unknown[]): SqsMembers {
  const { MessageAttributes: all, MD5OfMessageAttributes: _digest, ...rest } = message;
  if (!isMembers(all)) return rest;
  const wanted = Object.entries(all).filter(([name]) => asked.some((pattern) => matches(String(pattern), name)));
  if (wanted.length === 0) return rest;
  const attributes = Object.fromEntries(wanted) as Record<string, SqsMembers>;
  return { ...rest, MessageAttributes: attributes, MD5OfMessageAttributes: digestOf(attributes) };
}

function matches(pattern: string, name: string): boolean {
  if (pattern === 'All' || pattern === '.*') return true;
  return pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** Source: the SQS developer guide, calculating the MD5 message digest for message attributes. */
function digestOf(attributes: Readonly<Record<string, SqsMembers>>): string {
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).toSorted()) {
    const attribute = attributes[name] ?? {};
    const type = String(attribute['DataType']);
    const binary = type.startsWith('Binary');
    add(Buffer.from(name));
    add(Buffer.from(type));
    hash.update(Buffer.from([binary ? 2 : 1]));
    add(
      binary ? Buffer.from(String(attribute['BinaryValue']), 'base64') : Buffer.from(String(attribute['StringValue'])),
    );
  }
  return hash.digest('hex');
}
