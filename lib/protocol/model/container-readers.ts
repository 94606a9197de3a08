import { ServiceError } from '../../core/failure/service-error.ts';
import { didYouMean } from '../../core/input/did-you-mean.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject, ownMember } from '../../core/input/json.ts';
import type { Constraint } from './constraints.ts';
import { groupText } from './constraints.ts';
import type { Violation, Violations } from './violations.ts';
import { cut, notNull, wrongType } from './violations.ts';
import type { ListShape, MapShape, Shape, StructureShape } from './service-model.ts';
import { lowerCamel, partsOf } from './service-model.ts';

/**
 * Reads a value of one shape: drops unknown members and nulls, and records every violated constraint.
 *
 * @throws ServiceError SerializationException that names the member with the wrong JSON type
 */
export type ShapeReader = (value: JsonValue, path: string, violations: Violations) => JsonValue;

/** Gives the readers of lists, maps and structures everything that they need to know about other shapes. */
export interface Shapes {
  readonly reader: (shapeName: string) => ShapeReader;
  /** Checks the JSON type only. */
  readonly typeReader: (shapeName: string) => (value: JsonValue, path: string) => JsonValue;
  readonly constraints: (shapeName: string) => readonly Constraint[];
  /** Makes a violation. It shows no value when the shape is sensitive or contains a sensitive shape. */
  readonly violation: (shapeName: string, path: string, constraint: string, value: JsonValue) => Violation;
  readonly shape: (shapeName: string) => Shape;
  readonly refusesUnknownMembers: boolean;
}

/** The most characters of a map key that a path in a message shows. */
const maxKeyCharacters = 64;

export function structureReader(shapes: Shapes, shape: StructureShape): ShapeReader {
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    label: lowerCamel(name),
    shapeName: member.shape,
    isRequired: shape.required?.includes(name) === true,
    read: shapes.reader(member.shape),
  }));
  return (value, path, violations) => {
    if (!isJsonObject(value)) throw wrongType(path, 'an object', value);
    if (shapes.refusesUnknownMembers) refuseUnknownMember(value, path, shape);
    const result: Record<string, JsonValue> = {};
    for (const { name, label, shapeName, isRequired, read } of members) {
      const memberPath = path === '' ? label : `${path}.${label}`;
      const member = ownMember(value, name) ?? null;
      if (member !== null) result[name] = read(member, memberPath, violations);
      else if (isRequired) violations.add(() => shapes.violation(shapeName, memberPath, notNull, null));
    }
    return result;
  };
}

/**
 * Failure policy: a misspelt member of a policy is refused. If it were ignored, the setting that it means would return to its default,
 * and the client would be told that all went well.
 *
 * @throws ServiceError ValidationException that names the member, and the one that was probably meant
 */
function refuseUnknownMember(value: JsonObject, path: string, { members }: StructureShape): void {
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name));
  if (unknown === undefined) return;
  const names = Object.keys(members);
  const where = path === '' ? 'This operation' : `'${path}'`;
  const wayOut = didYouMean(unknown, names) ?? `It has ${names.join(', ')}.`;
  const shown = JSON.stringify(cut(unknown, maxKeyCharacters));
  throw new ServiceError('ValidationException', `${where} has no member ${shown}. ${wayOut}`);
}

/** Each structure in a list has violations of its own, under its own path. All scalars in a list share one violation. */
export function listReader(shapes: Shapes, shapeName: string, shape: ListShape): ShapeReader {
  const isOfScalars = partsOf(shapes.shape(shape.member)).length === 0;
  const readMember: ShapeReader = isOfScalars ? shapes.typeReader(shape.member) : shapes.reader(shape.member);
  const checkMembers = isOfScalars ? groupCheck(shapes, shapeName, shape.member, 'Member') : undefined;
  const checkLength = lengthCheck(shapes, shapeName);
  return (value, path, violations) => {
    if (!Array.isArray(value)) throw wrongType(path, 'a list', value);
    checkLength(value, path, violations);
    const list = value.map((member: JsonValue, index) => {
      const memberPath = `${path}.${index + 1}.member`;
      if (member !== null) return readMember(member, memberPath, violations);
      violations.add(() => shapes.violation(shape.member, memberPath, notNull, null));
      return null;
    });
    checkMembers?.(list, list, path, violations);
    return list;
  };
}

/** All keys of a map share one violation, and so do all values. Entries with null count as absent. */
export function mapReader(shapes: Shapes, shapeName: string, shape: MapShape): ShapeReader {
  const readValue = shapes.typeReader(shape.value);
  const checkKeys = groupCheck(shapes, shapeName, shape.key, 'Map keys');
  const checkValues = groupCheck(shapes, shapeName, shape.value, 'Map value');
  const checkLength = lengthCheck(shapes, shapeName);
  return (value, path, violations) => {
    if (!isJsonObject(value)) throw wrongType(path, 'an object', value);
    const entries = Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, readValue(member, `${path}.${cut(key, maxKeyCharacters)}`)] as const);
    // Assignment would be wrong here, because a key may be `__proto__`.
    const map: JsonObject = Object.fromEntries(entries);
    checkLength(map, path, violations);
    checkKeys(Object.keys(map), map, path, violations);
    checkValues(Object.values(map), map, path, violations);
    return map;
  };
}

/** Records one violation for the container, with all constraints of its members, when any member violates one. */
function groupCheck(shapes: Shapes, shapeName: string, memberName: string, whose: 'Member' | 'Map keys' | 'Map value') {
  const constraints = shapes.constraints(memberName);
  const text = `${whose} must satisfy constraint: ${groupText(constraints)}`;
  return (members: readonly JsonValue[], container: JsonValue, path: string, violations: Violations): void => {
    const allSatisfied = members.every(
      (member) => member === null || constraints.every((constraint) => constraint.isSatisfied(member)),
    );
    if (!allSatisfied) violations.add(() => shapes.violation(shapeName, path, text, container));
  };
}

function lengthCheck(shapes: Shapes, shapeName: string) {
  const constraints = shapes.constraints(shapeName);
  return (container: JsonValue, path: string, violations: Violations): void => {
    for (const { isSatisfied, text } of constraints) {
      if (!isSatisfied(container)) violations.add(() => shapes.violation(shapeName, path, text, container));
    }
  };
}
