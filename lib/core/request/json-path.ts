import { BoundedMap } from '../input/bounded-map.ts';
import { Failure } from '../failure/failure.ts';
import type { JsonValue } from '../input/json.ts';
import { ExactNumber, isJsonObject, ownMember } from '../input/json.ts';

type Step = { readonly member: string } | { readonly element: number } | { readonly wildcard: true };

/** A path as in EventBridge: members, array elements and wildcards, but no filters and no recursive descent. */
export interface JsonPath {
  readonly steps: readonly Step[];
  /** Whether the path has a wildcard. Such a path finds a list of any number of values. */
  readonly findsList: boolean;
}

/**
 * One step: `.name`, `['name']`, `["name"]`, `[0]`, `[*]` or `.*`. EventBridge allows letters, digits, dashes, underscores and
 * slashes in a name; here every character that has no special meaning in a path is allowed.
 */
const stepPattern =
  /\.(\*)|\.([^\s.[\]*'"()?,]+)|\[(?:'((?:[^'\\]|\\['\\])*)'|"((?:[^"\\]|\\["\\])*)"|(\d{1,9})|(\*))\]/y;

/** Compiled paths: enough for a hundred rules with ten paths each. */
const paths = new BoundedMap<string, JsonPath | 'malformed'>(1000);

/** @returns undefined when the text is not a path that EventBridge supports */
export function parseJsonPath(text: string): JsonPath | undefined {
  const path = paths.getOrCreate(text, parse);
  return path === 'malformed' ? undefined : path;
}

/**
 * @param field the field that holds the path, for the message
 * @throws Failure InvalidInvocation when the text is not a path that EventBridge supports
 */
export function requireJsonPath(text: string, field: string): JsonPath {
  const path = parseJsonPath(text);
  if (path === undefined) throw new Failure('InvalidInvocation', `${field} is not a JSON path.`);
  return path;
}

/** Visits no value twice. @returns undefined when the path finds nothing; null is a value */
export function readJsonPath(path: JsonPath, root: JsonValue): JsonValue | undefined {
  if (path.findsList) {
    const found: JsonValue[] = [];
    return collect(path.steps, 0, root, found) ? found : undefined;
  }
  let value: JsonValue | undefined = root;
  for (const step of path.steps) {
    value = child(value, step);
    if (value === undefined) return undefined;
  }
  return value;
}

function parse(text: string): JsonPath | 'malformed' {
  if (!text.startsWith('$')) return 'malformed';
  const steps: Step[] = [];
  stepPattern.lastIndex = 1;
  while (stepPattern.lastIndex < text.length) {
    const match = stepPattern.exec(text);
    if (match === null) return 'malformed';
    const [, dotWildcard, name, single, double, index, wildcard] = match;
    const quoted = single ?? double;
    if (dotWildcard !== undefined || wildcard !== undefined) steps.push({ wildcard: true });
    else if (index !== undefined) steps.push({ element: Number(index) });
    else if (name !== undefined) steps.push({ member: name });
    else if (quoted !== undefined) steps.push({ member: quoted.replace(/\\(.)/g, '$1') });
  }
  return { steps, findsList: steps.some((step) => 'wildcard' in step) };
}

function child(value: JsonValue, step: Step): JsonValue | undefined {
  if ('member' in step) return isJsonObject(value) ? ownMember(value, step.member) : undefined;
  if ('element' in step) return Array.isArray(value) ? value[step.element] : undefined;
  return undefined;
}

/** @returns false when the first wildcard is never reached, or meets neither an object nor a list */
function collect(steps: readonly Step[], from: number, value: JsonValue, found: JsonValue[]): boolean {
  let current = value;
  for (let index = from; index < steps.length; index += 1) {
    const step = steps[index];
    if (step === undefined) break;
    if ('wildcard' in step) {
      if (typeof current !== 'object' || current === null || current instanceof ExactNumber) return false;
      for (const each of Object.values(current)) collect(steps, index + 1, each, found);
      return true;
    }
    const next = child(current, step);
    if (next === undefined) return false;
    current = next;
  }
  found.push(current);
  return true;
}
