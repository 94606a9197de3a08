import { didYouMean } from '../core/input/did-you-mean.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, parseJson } from '../core/input/json.ts';
import { lastmileModel } from '../protocol/model/service-models.ts';
import type { Shape } from '../protocol/model/service-model.ts';
import { shapeOf } from '../protocol/model/service-model.ts';

/** A wrong member. The message names it and the way out. */
export class MemberError extends Error {}

/**
 * Adds the members of `--set <member>=<value>` and `--unset <member>` to the input of an update. A dot leads into a structure:
 * `RetryPolicy.MaximumRetryAttempts=3`. The values of a list may be separated by commas.
 *
 * @throws MemberError
 */
export function withMembers(
  operation: string,
  input: JsonObject,
  set: readonly string[],
  unset: readonly string[],
): JsonObject {
  const shape = inputShapeOf(operation);
  const changed = set.reduce((members: JsonObject, text) => withMember(members, shape, text), input);
  if (unset.length === 0) return changed;
  for (const name of unset) requireMember(shape, name);
  return { ...changed, RemovedMembers: [...unset] };
}

function inputShapeOf(operation: string): Shape {
  return shapeOf(lastmileModel, lastmileModel.operations[operation]?.input ?? '');
}

function withMember(members: JsonObject, shape: Shape, text: string): JsonObject {
  const [, path = '', value = ''] = /^([A-Za-z.]+)=(.*)$/s.exec(text) ?? [];
  if (path === '') throw new MemberError('--set takes <member>=<value>, such as TimeoutSeconds=20.');
  return withValue(members, shape, path.split('.'), value);
}

function withValue(
  members: JsonObject,
  shape: Shape,
  [name = '', ...rest]: readonly string[],
  value: string,
): JsonObject {
  const member = shapeOf(lastmileModel, requireMember(shape, name));
  if (rest.length === 0) return { ...members, [name]: valueOf(member, value) };
  const below = members[name];
  return { ...members, [name]: withValue(isJsonObject(below) ? below : {}, member, rest, value) };
}

/** @returns the name of the member's shape */
function requireMember(shape: Shape, name: string): string {
  const members = shape.type === 'structure' ? shape.members : {};
  const member = Object.hasOwn(members, name) ? members[name] : undefined;
  if (member !== undefined) return member.shape;
  const names = Object.keys(members).filter(
    (known) => known !== 'RemovedMembers' && members[known]?.shape !== 'ArnOfAnswer',
  );
  if (names.length === 0)
    throw new MemberError(`There is no member '${name}'. The member before the dot has no members.`);
  throw new MemberError(
    `There is no member '${name}'. ${didYouMean(name, names) ?? `Use one of ${names.join(', ')}.`}`,
  );
}

/** A text stays as it is; everything else is read as JSON. A value that is not JSON goes to the stack, which says what is wrong. */
function valueOf(shape: Shape, text: string): JsonValue {
  if (shape.type === 'string') return text;
  const value = parseJson(text);
  if (shape.type !== 'list' || Array.isArray(value)) return value ?? text;
  const entry = shapeOf(lastmileModel, shape.member);
  return text.split(',').map((part) => valueOf(entry, part.trim()));
}
