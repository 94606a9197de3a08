import type { EventDocument } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import { exactEvent } from '../input/exact-json.ts';
import type { JsonValue } from '../input/json.ts';
import { isJsonObject } from '../input/json.ts';
import { readJsonPath, requireJsonPath } from './json-path.ts';
import { jsonText } from '../input/json-text.ts';

/**
 * Largest length of a JSON path. The service model has this bound for header and query values, and none for path parameters.
 * Parsed paths are cached, so memory needs a bound for all of them.
 */
const maxPathCharacters = 512;

/** Whether a parameter is a JSON path into the event. A lone `$` and `$5` are text. */
export function isDynamic(parameter: string): boolean {
  return parameter.startsWith('$.') || parameter.startsWith('$[');
}

/**
 * The text of a header value, or of the key or value of a query parameter. A parameter that is a path stands for the value that
 * the path finds in the original event. Any other parameter is literal text. As in EventBridge, a path that finds nothing gives
 * an empty string, and a value that is not a string is printed as JSON. A number keeps the digits that it has in the event.
 *
 * @param field the field that holds the parameter, for the message
 * @throws Failure InvalidInvocation when the path is malformed
 */
export function parameterText(parameter: string, event: EventDocument, field: string): string {
  if (!isDynamic(parameter)) return parameter;
  const value = valueAt(parameter, event, field);
  if (value === undefined) return '';
  return typeof value === 'string' ? value : jsonText(value);
}

/**
 * The text of a path parameter. A parameter that is a JSON path stands for the value that this path finds in the original
 * event. Any other parameter is literal text.
 *
 * Failure policy: a path that finds nothing, an empty string, null, an object or a list is a permanent failure, because the
 * request would otherwise go to a resource that was not meant (`DELETE /orders/` instead of `DELETE /orders/17`).
 *
 * @throws Failure InvalidInvocation
 */
export function pathParameterText(parameter: string, event: EventDocument, field: string): string {
  if (!isDynamic(parameter)) return parameter;
  const value = valueAt(parameter, event, field);
  if (value === undefined || value === '' || value === null) {
    throw new Failure('InvalidInvocation', `${field} finds nothing in the event.`);
  }
  if (isJsonObject(value) || Array.isArray(value)) {
    throw new Failure('InvalidInvocation', `${field} finds an object or a list, which cannot be part of a path.`);
  }
  return typeof value === 'string' ? value : jsonText(value);
}

function valueAt(path: string, event: EventDocument, field: string): JsonValue | undefined {
  if (path.length <= maxPathCharacters) return readJsonPath(requireJsonPath(path, field), exactEvent(event));
  throw new Failure('InvalidInvocation', `${field} is a JSON path of more than ${maxPathCharacters} characters.`);
}
