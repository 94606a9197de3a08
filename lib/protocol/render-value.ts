import { isJsonObject, ownMember } from '../core/json.ts';
import type { JsonValue } from '../core/json.ts';
import { lowerCamel, shapeOf } from './service-model.ts';
import type { ServiceModel } from './service-model.ts';

/** Bound of one value in a message, in characters; the longest recorded one, eleven small events, has 2,900. */
const maxRenderedCharacters = 4096;

/**
 * A value as the service's messages print it: texts and numbers bare, `[a, b]`, `{k=v}`, `Shape(member=value, ...)` with
 * null for what is absent. Too long a one is cut and ends in `...`.
 */
export function renderValue(model: ServiceModel, shapeName: string, value: JsonValue | undefined): string {
  return cut(render(model, shapeName, value), maxRenderedCharacters);
}

/** Cuts between characters, never inside one that takes two code units. */
export function cut(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return `${text.slice(0, maxCharacters).replace(/[\uD800-\uDBFF]$/, '')}...`;
}

function render(model: ServiceModel, shapeName: string, value: JsonValue | undefined): string {
  if (value === undefined || value === null) return 'null';
  const shape = shapeOf(model, shapeName);
  if (shape.type === 'list' && Array.isArray(value)) {
    return `[${value.map((member: JsonValue) => render(model, shape.member, member)).join(', ')}]`;
  }
  if (!isJsonObject(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  if (shape.type === 'structure') {
    const members = Object.entries(shape.members).map(
      ([name, member]) => `${lowerCamel(name)}=${render(model, member.shape, ownMember(value, name))}`,
    );
    return `${shapeName}(${members.join(', ')})`;
  }
  const valueShape = shape.type === 'map' ? shape.value : shapeName;
  return `{${Object.entries(value)
    .map(([key, member]) => `${key}=${render(model, valueShape, member)}`)
    .join(', ')}}`;
}
