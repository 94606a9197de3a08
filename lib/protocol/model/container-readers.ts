import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject, ownMember } from '../../core/input/json.ts';
import type { Constraint } from './constraints.ts';
import { groupText } from './constraints.ts';
import type { Violation, Violations } from './violations.ts';
import { cut, notNull, wrongType } from './violations.ts';
import type { ListShape, MapShape, Shape, StructureShape } from './service-model.ts';
import { lowerCamel, partsOf } from './service-model.ts';

/**
 * Reads a value of one shape: drops unknown members and nulls, and notes every constraint that does not hold.
 *
 * @throws ServiceError SerializationException naming the member whose JSON type is wrong
 */
export type ShapeReader = (value: JsonValue, path: string, violations: Violations) => JsonValue;

/** What the readers of containers need to know of the shapes inside. */
export interface Shapes {
  readonly reader: (shapeName: string) => ShapeReader;
  /** Judges the JSON type alone. */
  readonly typeReader: (shapeName: string) => (value: JsonValue, path: string) => JsonValue;
  readonly constraints: (shapeName: string) => readonly Constraint[];
  /** A violation; the value is left out when the shape is sensitive or holds something that is. */
  readonly violation: (shapeName: string, path: string, constraint: string, value: JsonValue) => Violation;
  readonly shape: (shapeName: string) => Shape;
}

/** Bound of a map's key in the path of a message, in characters. */
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

/** Structures in a list are judged member by member, under a path of their own; scalars are judged together. */
export function listReader(shapes: Shapes, shapeName: string, shape: ListShape): ShapeReader {
  const isOfScalars = partsOf(shapes.shape(shape.member)).length === 0;
  const readMember: ShapeReader = isOfScalars ? shapes.typeReader(shape.member) : shapes.reader(shape.member);
  const judgeMembers = isOfScalars ? groupJudge(shapes, shapeName, shape.member, 'Member') : undefined;
  const judgeLength = lengthJudge(shapes, shapeName);
  return (value, path, violations) => {
    if (!Array.isArray(value)) throw wrongType(path, 'a list', value);
    judgeLength(value, path, violations);
    const list = value.map((member: JsonValue, index) => {
      const memberPath = `${path}.${index + 1}.member`;
      if (member !== null) return readMember(member, memberPath, violations);
      violations.add(() => shapes.violation(shape.member, memberPath, notNull, null));
      return null;
    });
    judgeMembers?.(list, list, path, violations);
    return list;
  };
}

/** A map's keys are judged together, and so are its values; entries with null are absent. */
export function mapReader(shapes: Shapes, shapeName: string, shape: MapShape): ShapeReader {
  const readValue = shapes.typeReader(shape.value);
  const judgeKeys = groupJudge(shapes, shapeName, shape.key, 'Map keys');
  const judgeValues = groupJudge(shapes, shapeName, shape.value, 'Map value');
  const judgeLength = lengthJudge(shapes, shapeName);
  return (value, path, violations) => {
    if (!isJsonObject(value)) throw wrongType(path, 'an object', value);
    const entries = Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, readValue(member, `${path}.${cut(key, maxKeyCharacters)}`)] as const);
    // Not by assignment: a key may be `__proto__`.
    const map: JsonObject = Object.fromEntries(entries);
    judgeLength(map, path, violations);
    judgeKeys(Object.keys(map), map, path, violations);
    judgeValues(Object.values(map), map, path, violations);
    return map;
  };
}

/** Notes the container once, with everything that is asked of its members, when any member falls short. */
function groupJudge(shapes: Shapes, shapeName: string, memberName: string, whose: 'Member' | 'Map keys' | 'Map value') {
  const constraints = shapes.constraints(memberName);
  const text = `${whose} must satisfy constraint: ${groupText(constraints)}`;
  return (members: readonly JsonValue[], container: JsonValue, path: string, violations: Violations): void => {
    const allSatisfied = members.every(
      (member) => member === null || constraints.every((constraint) => constraint.isSatisfied(member)),
    );
    if (!allSatisfied) violations.add(() => shapes.violation(shapeName, path, text, container));
  };
}

function lengthJudge(shapes: Shapes, shapeName: string) {
  const constraints = shapes.constraints(shapeName);
  return (container: JsonValue, path: string, violations: Violations): void => {
    for (const { isSatisfied, text } of constraints) {
      if (!isSatisfied(container)) violations.add(() => shapes.violation(shapeName, path, text, container));
    }
  };
}
