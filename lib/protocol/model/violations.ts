import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonValue } from '../../core/input/json.ts';
import { isJsonObject, ownMember } from '../../core/input/json.ts';
import type { ServiceModel } from './service-model.ts';
import { lowerCamel, shapeOf } from './service-model.ts';

/** One constraint that the input does not satisfy. */
export interface Violation {
  /** As messages write it: `targets.1.member.id`. */
  readonly path: string;
  readonly constraint: string;
  /** The value as printed, quotes included; absent when nothing of it may be shown. */
  readonly value?: string;
}

/** What a required member that is not there fails to satisfy. */
export const notNull = 'Member must not be null';

/** Who breaks more than this fixes these first. Bounds the answer, together with the bound of each printed value. */
const maxViolations = 50;

/** The violations of one input, in the order found. */
export class Violations {
  readonly #found: Violation[] = [];

  /** Takes a function, because what a violation prints may be large and is built only if it is kept. */
  add(violation: () => Violation): void {
    if (this.#found.length < maxViolations) this.#found.push(violation());
  }

  get all(): readonly Violation[] {
    return this.#found;
  }
}

/** @throws ServiceError ValidationException that lists all violations, if there are any */
export function refuseViolations(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const texts = violations.map(({ path, constraint, value }) => {
    return `Value ${value === undefined ? '' : `${value} `}at '${path}' failed to satisfy constraint: ${constraint}`;
  });
  const count = violations.length === 1 ? '1 validation error' : `${violations.length} validation errors`;
  throw new ServiceError('ValidationException', `${count} detected: ${texts.join('; ')}`);
}

/**
 * Names the member and its type, never its value. An empty path is the body itself.
 *
 * @param value left out when its type is right and only its range is not
 */
export function wrongType(path: string, expected: string, value?: JsonValue): ServiceError {
  const where = path === '' ? 'The request body' : `'${path}'`;
  const given = value === undefined ? '' : `, not ${nameOfType(value)}`;
  return new ServiceError('SerializationException', `${where} must be ${expected}${given}.`);
}

function nameOfType(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'number':
      return 'a number';
    case 'boolean':
      return 'a boolean';
    case 'string':
      return 'a string';
    default:
      return 'an object';
  }
}

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
