import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { Failure } from '../../core/failure/failure.ts';
import { itemVersion } from '../../core/message/format-versions.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { ExactNumber, isJsonObject } from '../../core/input/json.ts';

/** An item of the table: attributes by name. */
export type Item = Record<string, AttributeValue>;

/** Members of a value that becomes an item; undefined members are left out. */
export type ItemMembers = Readonly<Record<string, JsonValue | Uint8Array | undefined>>;

export function toAttribute(value: JsonValue | Uint8Array): AttributeValue {
  if (value instanceof Uint8Array) return { B: value };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (value instanceof ExactNumber) return { N: value.text };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  return isJsonObject(value) ? { M: toItem(value) } : { L: value.map(toAttribute) };
}

export function toItem(members: ItemMembers): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) setOwn(item, name, toAttribute(value));
  }
  return item;
}

/** @throws TypeError for a set or binary inside a document, which no version of Lastmile has written */
function toJson(attribute: AttributeValue): JsonValue {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.NULL !== undefined) return null;
  if (attribute.L !== undefined) return attribute.L.map(toJson);
  if (attribute.M !== undefined) return toJsonObject(attribute.M);
  throw new TypeError('An attribute of an item has a type that JSON does not have.');
}

export function toJsonObject(item: Item): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const [name, attribute] of Object.entries(item)) setOwn(object, name, toJson(attribute));
  return object;
}

/** Sets an own property, even if the client has chosen the name `__proto__`. */
function setOwn<Value>(object: Record<string, Value>, name: string, value: Value): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Failure policy: an item of a newer version may contain something that an older worker would overlook. So the older worker does
 * not change the item and throws a retryable failure. Its deliveries wait in the queue for a newer worker.
 *
 * @param what the item, for the text of the failure, such as `connection 'orders'`
 * @throws Failure NewerVersion
 */
export function requireReadable(item: Item, what: string): void {
  const version = optionalNumber(item, 'v') ?? itemVersion;
  if (version <= itemVersion) return;
  throw new Failure('NewerVersion', `The ${what} has version ${version}, and this worker reads up to ${itemVersion}.`);
}

/**
 * The condition that this worker can read the item's version. Writes use it if the worker has not read the item before. They
 * must supply the value of `:readable` with `readableVersion`.
 */
export const isReadable = '(attribute_not_exists(v) OR v <= :readable)';
export const readableVersion: Item = { ':readable': { N: String(itemVersion) } };

/** @throws TypeError when the item has no such text; the message names the attribute */
export function requiredText(item: Item, name: string): string {
  const text = item[name]?.S;
  if (text === undefined) throw new TypeError(`An item of the table has no text '${name}'.`);
  return text;
}

/** @throws TypeError when the item has no such number; the message names the attribute */
export function requiredNumber(item: Item, name: string): number {
  const number = optionalNumber(item, name);
  if (number === undefined) throw new TypeError(`An item of the table has no number '${name}'.`);
  return number;
}

export function optionalText(item: Item, name: string): string | undefined {
  return item[name]?.S;
}

export function optionalNumber(item: Item, name: string): number | undefined {
  const text = item[name]?.N;
  return text === undefined ? undefined : Number(text);
}
