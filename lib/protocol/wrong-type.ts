import type { JsonValue } from '../core/json.ts';
import { ServiceError } from '../core/service-error.ts';

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
