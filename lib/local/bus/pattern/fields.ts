import type { JsonObject, JsonValue } from '../../../core/input/json.ts';
import { ExactNumber } from '../../../core/input/json.ts';
import type { LongNumber } from './decimal.ts';
import { numberOfEvent } from './decimal.ts';

export type PlainValue = string | number | boolean | null;

/** A value of an event that is neither a list nor an object. A LongNumber is a number that JavaScript cannot hold. */
export type Scalar = PlainValue | LongNumber;

/** One element of an array in an event. If another array contains this array, `outer` is the element in which it lies. */
export interface ArrayElement {
  /** Identifies the array within the event. */
  readonly array: number;
  readonly index: number;
  readonly outer: ArrayElement | undefined;
  readonly depth: number;
}

/**
 * A value of a field in an event, and the array element that contains the value. The elements of a list of plain values do not
 * count as array elements: `within` is the element around the list.
 */
export interface Occurrence {
  readonly value: Scalar;
  readonly within: ArrayElement | undefined;
}

export interface Occurrences {
  readonly all: Occurrence[];
  /** Whether any of the values lies inside an array element. */
  nested: boolean;
}

/** The values that one event has for the fields of the patterns. */
export type EventFields = ReadonlyMap<FieldNode, Occurrences>;

/** One part of a dotted field name, and the parts that may follow. */
export class FieldNode {
  readonly children = new Map<string, FieldNode>();
  /** Whether a pattern uses the field of this node. */
  asked = false;
}

/** @returns the node of the field, now marked as used */
export function askFor(root: FieldNode, name: string): FieldNode {
  let node = root;
  for (const part of name.split('.')) {
    let child = node.children.get(part);
    if (child === undefined) {
      child = new FieldNode();
      node.children.set(part, child);
    }
    node = child;
  }
  node.asked = true;
  return node;
}

/**
 * Arrays are searched up to this nesting depth, so that the work is bounded. Source: the service's parser refuses events that
 * are nested more deeply.
 */
const maxArrayDepth = 1_000;

/** An object or array that is still to be searched. */
interface Container {
  readonly value: JsonObject | readonly JsonValue[];
  readonly node: FieldNode;
  readonly within: ArrayElement | undefined;
}

/** Reads the values of all fields below the root. Members that no pattern uses are skipped. */
export function readFields(root: FieldNode, event: JsonObject): EventFields {
  const fields = new Map<FieldNode, Occurrences>();
  const containers: Container[] = [{ value: event, node: root, within: undefined }];
  let arrays = 0;
  for (let container = containers.pop(); container !== undefined; container = containers.pop()) {
    const { value, node, within } = container;
    if (isList(value)) {
      readElements(value, container, arrays, fields, containers);
      arrays += 1;
      continue;
    }
    for (const key of Object.keys(value)) {
      const child = descend(node, key);
      const member = value[key];
      if (child === undefined || member === undefined) continue;
      if (isContainer(member)) containers.push({ value: member, node: child, within });
      else record(fields, child, member, within);
    }
  }
  return fields;
}

function readElements(
  list: readonly JsonValue[],
  { node, within }: Container,
  array: number,
  fields: Map<FieldNode, Occurrences>,
  containers: Container[],
): void {
  const depth = (within?.depth ?? 0) + 1;
  if (depth > maxArrayDepth) return;
  for (const [index, element] of list.entries()) {
    if (isContainer(element)) containers.push({ value: element, node, within: { array, index, outer: within, depth } });
    else record(fields, node, element, within);
  }
}

function record(
  fields: Map<FieldNode, Occurrences>,
  node: FieldNode,
  member: PlainValue | ExactNumber,
  within: ArrayElement | undefined,
): void {
  if (!node.asked) return;
  const value = member instanceof ExactNumber ? numberOfEvent(member.text) : member;
  const occurrences = fields.get(node);
  if (occurrences === undefined) {
    fields.set(node, { all: [{ value, within }], nested: within !== undefined });
    return;
  }
  occurrences.all.push({ value, within });
  occurrences.nested ||= within !== undefined;
}

/** A member name that contains dots counts as several names. */
function descend(node: FieldNode, key: string): FieldNode | undefined {
  if (!key.includes('.')) return node.children.get(key);
  let descendant: FieldNode | undefined = node;
  for (const part of key.split('.')) {
    descendant = descendant.children.get(part);
    if (descendant === undefined) return undefined;
  }
  return descendant;
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isContainer(value: JsonValue): value is JsonObject | readonly JsonValue[] {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}
