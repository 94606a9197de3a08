import type { ConnectionHttpParameters, HttpParameter } from '../../core/destination/connection-secret.ts';
import { isHeaderName } from '../../core/request/header-rules.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { objectListOf, textOf } from '../input.ts';
import type { Verb } from '../refusals.ts';
import { invalidParameter } from '../refusals.ts';

/** The three lists of ConnectionHttpParameters: their names in requests, and in the type of the secret. */
const lists = [
  ['HeaderParameters', 'headerParameters'],
  ['QueryStringParameters', 'queryStringParameters'],
  ['BodyParameters', 'bodyParameters'],
] as const;

/**
 * Headers that are never sent to an endpoint are accepted, as in EventBridge; they have no effect. A value counts as secret
 * unless the client says that it is not.
 *
 * Failure policy: a key that occurs twice in a list is refused, because only one of its values could be sent and the client
 * would not know which. A key that is not a valid header name is refused too: it would fail every delivery. The pattern of
 * the service model is not enough, because it allows a comma.
 *
 * @param path of the structure in the input, for error messages
 * @throws ServiceError ValidationException that names the field, never its value
 */
export function parseHttpParameters(input: JsonObject, path: string, verb: Verb): ConnectionHttpParameters {
  return Object.fromEntries(
    lists.flatMap(([name, member]) => {
      const entries = objectListOf(input, name);
      return entries === undefined ? [] : [[member, parseList(entries, `${path}.${name}`, verb)]];
    }),
  );
}

function parseList(entries: readonly JsonObject[], path: string, verb: Verb): readonly HttpParameter[] {
  const keys = new Set<string>();
  const areHeaders = path.endsWith('.HeaderParameters');
  return entries.map((entry, index) => {
    const [key, value] = [textOf(entry, 'Key'), textOf(entry, 'Value')];
    if (key === undefined || key === '') throw missing(`${path}[${index}].Key`, verb);
    if (value === undefined) throw missing(`${path}[${index}].Value`, verb);
    if (areHeaders && !isHeaderName(key)) {
      throw invalidParameter(verb, 'connection', `${path}[${index}].Key`, 'It is not a valid HTTP header name.');
    }
    const comparable = areHeaders ? key.toLowerCase() : key;
    if (keys.has(comparable)) {
      throw invalidParameter(verb, 'connection', `${path}[${index}].Key`, 'The list contains this key more than once.');
    }
    keys.add(comparable);
    return { key, value, isValueSecret: entry['IsValueSecret'] !== false };
  });
}

export function missing(path: string, verb: Verb) {
  return invalidParameter(verb, 'connection', path, 'It is required.');
}

/** The parameters as DescribeConnection shows them, without the secret values. */
export function visibleHttpParameters(parameters: ConnectionHttpParameters): JsonObject {
  const shown = lists.flatMap(([name, member]) => {
    const list = parameters[member];
    return list === undefined ? [] : [[name, list.map(visibleParameter)] as const];
  });
  return Object.fromEntries(shown);
}

function visibleParameter({ key, value, isValueSecret }: HttpParameter): JsonObject {
  return isValueSecret ? { Key: key, IsValueSecret: true } : { Key: key, Value: value, IsValueSecret: false };
}
