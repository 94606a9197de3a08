import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import type { ServiceModel } from './service-model.ts';
import { shapeOf } from './service-model.ts';

/** JSON numbers only, so that no other text (empty, hexadecimal, Infinity) becomes a number. */
const numberForm = /^-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?$/;

/**
 * Gives the members of an operation's input the types of the service model. CloudFormation sends every number and every boolean
 * of a custom resource as a text. A text that is neither a number nor a boolean stays as it is. The validation then refuses it and names it.
 */
export function withModelTypes(model: ServiceModel, operation: string, input: JsonObject): JsonObject {
  const entry = Object.hasOwn(model.operations, operation) ? model.operations[operation] : undefined;
  const typed = entry === undefined ? input : typedValue(model, entry.input, input);
  return isJsonObject(typed) ? typed : input;
}

function typedValue(model: ServiceModel, shapeName: string, value: JsonValue): JsonValue {
  const shape = shapeOf(model, shapeName);
  switch (shape.type) {
    case 'structure': {
      if (!isJsonObject(value)) return value;
      const members = Object.entries(value).map(([name, member]): [string, JsonValue] => {
        const memberShape = Object.hasOwn(shape.members, name) ? shape.members[name]?.shape : undefined;
        return [name, memberShape === undefined ? member : typedValue(model, memberShape, member)];
      });
      return Object.fromEntries(members);
    }
    case 'list':
      return Array.isArray(value) ? value.map((member: JsonValue) => typedValue(model, shape.member, member)) : value;
    case 'integer':
    case 'long':
    case 'double':
    case 'timestamp':
      return typeof value === 'string' && numberForm.test(value) ? Number(value) : value;
    case 'boolean':
      return value === 'true' || value === 'false' ? value === 'true' : value;
    default:
      return value;
  }
}
