import { maskUserinfo } from '../../core/address/host-name.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import { constraintsOf } from './constraints.ts';
import type { ShapeReader, Shapes } from './container-readers.ts';
import { listReader, mapReader, structureReader } from './container-readers.ts';
import type { ServiceModel, Shape } from './service-model.ts';
import { isConcealed, shapeOf } from './service-model.ts';
import type { Violation } from './violations.ts';
import { Violations, renderValue, wrongType } from './violations.ts';

/** The differences between a service and its own model. Keys and entries are names of shapes. */
export interface ModelDepartures {
  /** Enums whose order in messages differs from the order in the model. */
  readonly printedEnums: Readonly<Record<string, readonly string[]>>;
  /** Enums whose values are accepted in lower case. */
  readonly caseInsensitiveEnums: ReadonlySet<string>;
  /** Shapes that are URLs. Messages print them without user name and password. */
  readonly urls: ReadonlySet<string>;
  /** Whether a member that a structure does not have is refused. AWS services ignore such a member. Default: no. */
  readonly refusesUnknownMembers?: boolean;
}

/**
 * Compiles the reader of a shape. A shape that contains itself is refused. So the model limits how deep a value is read,
 * however deeply a client nests it.
 */
export function compileReader(
  model: ServiceModel,
  departures: ModelDepartures,
  shapeName: string,
  ancestors: readonly string[] = [],
): ShapeReader {
  if (ancestors.includes(shapeName)) throw new Error(`The service model's shape ${shapeName} contains itself.`);
  const lineage = [...ancestors, shapeName];
  const shapes: Shapes = {
    reader: (part) => compileReader(model, departures, part, lineage),
    typeReader: (part) => scalarTypeReader(shapeOf(model, part), departures.caseInsensitiveEnums.has(part)),
    constraints: (part) => constraintsOf(shapeOf(model, part), departures.printedEnums[part]),
    violation: (part, path, constraint, value) => {
      const violation = { path, constraint };
      // An absent structure has nothing to hide, even if one of its members is sensitive.
      if (value === null && shapeOf(model, part).sensitive !== true) return { ...violation, value: 'null' };
      if (isConcealed(model, part)) return violation;
      const shown = typeof value === 'string' && departures.urls.has(part) ? maskUserinfo(value) : value;
      return { ...violation, value: `'${renderValue(model, part, shown)}'` };
    },
    shape: (part) => shapeOf(model, part),
    refusesUnknownMembers: departures.refusesUnknownMembers === true,
  };
  const shape = shapeOf(model, shapeName);
  switch (shape.type) {
    case 'structure':
      return structureReader(shapes, shape);
    case 'list':
      return listReader(shapes, shapeName, shape);
    case 'map':
      return mapReader(shapes, shapeName, shape);
    default:
      return scalarReader(shapes, shapeName);
  }
}

function scalarReader(shapes: Shapes, shapeName: string): ShapeReader {
  const readType = shapes.typeReader(shapeName);
  const constraints = shapes.constraints(shapeName);
  return (value, path, violations) => {
    const typed = readType(value, path);
    for (const { isSatisfied, text } of constraints) {
      if (!isSatisfied(typed)) violations.add(() => shapes.violation(shapeName, path, text, typed));
    }
    return typed;
  };
}

function scalarTypeReader(shape: Shape, isCaseInsensitive: boolean): (value: JsonValue, path: string) => JsonValue {
  switch (shape.type) {
    case 'string':
      return (value, path) => {
        if (typeof value !== 'string') throw wrongType(path, 'a string', value);
        const upperCase = isCaseInsensitive ? value.toUpperCase() : value;
        // A text that is not in the enum is returned unchanged, because the error message shows it as it was sent.
        return shape.enum?.includes(upperCase) === true ? upperCase : value;
      };
    case 'integer':
      return (value, path) => {
        if (typeof value !== 'number') throw wrongType(path, 'an integer', value);
        // `| 0` converts to a 32-bit integer, so only a 32-bit integer stays the same.
        if ((value | 0) !== value) throw wrongType(path, 'an integer from -2147483648 to 2147483647');
        return value;
      };
    case 'long':
      return (value, path) => {
        if (typeof value !== 'number') throw wrongType(path, 'an integer', value);
        if (!Number.isSafeInteger(value)) throw wrongType(path, 'an integer of at most 53 bits');
        return value;
      };
    case 'double':
      return (value, path) => {
        if (typeof value !== 'number') throw wrongType(path, 'a number', value);
        return value;
      };
    case 'boolean':
      return (value, path) => {
        if (typeof value !== 'boolean') throw wrongType(path, 'true or false', value);
        return value;
      };
    case 'timestamp':
      return (value, path) => {
        if (typeof value !== 'number') throw wrongType(path, 'a number of seconds', value);
        return value;
      };
    default:
      throw new Error(
        `A ${shape.type} is not a scalar, so it cannot be a member of a map or of a list that is read as a whole.`,
      );
  }
}

/** An operation's input without nulls and unknown members, and the constraints of the model that it violates. */
interface ReadInput {
  readonly input: JsonObject;
  readonly violations: readonly Violation[];
}

/**
 * Reads the inputs of a model's operations. Each reader is compiled once, when its operation is first called, so that a cold
 * start compiles only the reader that it needs. The returned function throws ServiceError SerializationException for a
 * wrong JSON type.
 */
export function createInputReader(model: ServiceModel, departures: ModelDepartures) {
  const readers = new Map<string, ShapeReader>();

  function readerOf(operation: string): ShapeReader {
    const known = readers.get(operation);
    if (known !== undefined) return known;
    const entry = Object.hasOwn(model.operations, operation) ? model.operations[operation] : undefined;
    if (entry === undefined) throw new Error(`The service model has no operation ${operation}.`);
    const reader = compileReader(model, departures, entry.input);
    readers.set(operation, reader);
    return reader;
  }

  return (operation: string, body: JsonValue): ReadInput => {
    const violations = new Violations();
    const input = readerOf(operation)(body, '', violations);
    if (!isJsonObject(input)) throw wrongType('', 'an object', input);
    return { input, violations: violations.all };
  };
}
