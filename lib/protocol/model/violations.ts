import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonValue } from '../../core/input/json.ts';
import { isJsonObject, ownMember } from '../../core/input/json.ts';
import type { ServiceModel } from './service-model.ts';
import { lowerCamel, shapeOf } from './service-model.ts';

export interface Violation {
  /** The path in the form of the messages: `targets.1.member.id`. */
  readonly path: string;
  readonly constraint: string;
  /** The value in quotes, as messages print it; absent when the value must not be shown. */
  readonly value?: string;
}

/** The constraint that a missing required member violates. */
export const notNull = 'Member must not be null';

/**
 * The answer lists at most this many violations. Together with the limit of each printed value, this bounds the size of the
 * answer.
 */
const maxViolations = 50;

/** The violations of one input, in the order found. */
export class Violations {
  readonly #found: Violation[] = [];

  /** Takes a function, because the text of a violation may be large and should be built only if the violation is kept. */
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
 * The error for a wrong JSON type. It names the member and the type, never the value. An empty path means the body itself.
 *
 * @param value left out when the type is right and only the range is wrong
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

/** The most characters of one value in a message. The longest recorded value, eleven small events, has 2,900. */
const maxRenderedCharacters = 4096;

/**
 * A value in the form of the service's messages: texts and numbers without quotes, lists as `[a, b]`, maps as `{k=v}`, and
 * structures as `Shape(member=value, ...)` with null for an absent member. A value that is too long is cut and ends in `...`.
 */
export function renderValue(model: ServiceModel, shapeName: string, value: JsonValue | undefined): string {
  return cut(render(model, shapeName, value), maxRenderedCharacters);
}

/** Cuts between characters, never inside a character of two code units. */
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
