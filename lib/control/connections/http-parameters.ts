import type { ConnectionHttpParameters, HttpParameter } from '../../core/destination/connection-secret.ts';
import { isHeaderName } from '../../core/request/header-rules.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { objectListOf, textOf, withoutUndefined } from '../input.ts';
import type { Verb } from '../refusals.ts';
import { invalidParameter } from '../refusals.ts';

/** The three lists of ConnectionHttpParameters: as clients name them, and as the secret's type does. */
const lists = [
  ['HeaderParameters', 'headerParameters'],
  ['QueryStringParameters', 'queryStringParameters'],
  ['BodyParameters', 'bodyParameters'],
] as const;

/**
 * Headers that are never forwarded are accepted, as EventBridge does; they have no effect.
 *
 * Failure policy: a key that stands twice in a list is refused, because only one of its values could be sent and the
 * client would not learn which. So is a key that no header can have, though the model's pattern lets a comma pass: it
 * would end every delivery.
 *
 * @param path of the structure in the input, for refusals
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
      throw invalidParameter(verb, 'connection', `${path}[${index}].Key`, 'It is not the name of an HTTP header.');
    }
    const comparable = areHeaders ? key.toLowerCase() : key;
    if (keys.has(comparable)) {
      throw invalidParameter(verb, 'connection', `${path}[${index}].Key`, 'The list has this key more than once.');
    }
    keys.add(comparable);
    return { key, value, isValueSecret: entry['IsValueSecret'] === true };
  });
}

export function missing(path: string, verb: Verb) {
  return invalidParameter(verb, 'connection', path, 'It is required.');
}

/** The parameters as DescribeConnection shows them: without the values that are secret. */
export function visibleHttpParameters(parameters: ConnectionHttpParameters): JsonObject {
  const shown = lists.map(([name, member]) => [name, parameters[member]?.map(visibleParameter)] as const);
  return withoutUndefined(Object.fromEntries(shown));
}

function visibleParameter({ key, value, isValueSecret }: HttpParameter): JsonObject {
  return isValueSecret ? { Key: key, IsValueSecret: true } : { Key: key, Value: value, IsValueSecret: false };
}
