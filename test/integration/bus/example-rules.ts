import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { JsonObject, JsonValue } from '../../../lib/core/input/json.ts';
import { isJsonObject } from '../../../lib/core/input/json.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'infra', 'examples');
const require = createRequire(import.meta.url);
/** The parser that reads serverless.yml. */
const yaml = createRequire(require.resolve('osls/bin/serverless.js'))('js-yaml') as { load(text: string): JsonValue };

const names = readdirSync(folder);

/** Rules for API destinations that exist already. */
export const exampleNames = names.filter((name) => name.startsWith('rule-'));

/** Templates that also declare their API destinations. */
export const declaringNames = names.filter((name) => name.startsWith('declared'));

/** Values by their names in a template: pseudo parameters and conditions, and attributes as `<id>.<attribute>`. */
export type References = Readonly<Record<string, string>>;

/** The resources of an example, as CloudFormation would make them. A parameter that is not given has its default. */
export function exampleResources(name: string, references: References): Readonly<Record<string, JsonObject>> {
  const { Parameters, Resources } = exampleTemplate(name);
  const known = { ...defaultsOf(Parameters), ...references };
  const resolved = resolve(Resources ?? {}, known);
  return Object.fromEntries(
    Object.entries(resolved as JsonObject).map(([id, resource]) => [
      id,
      (resource as JsonObject)['Properties'] as JsonObject,
    ]),
  );
}

export function exampleTemplate(name: string): JsonObject {
  const template = yaml.load(readFileSync(join(folder, name), 'utf8'));
  if (!isJsonObject(template)) throw new Error(`${name} is no template.`);
  return template;
}

export function defaultsOf(parameters: JsonValue | undefined): References {
  return Object.fromEntries(
    Object.entries(parameters as JsonObject).map(([name, parameter]) => [
      name,
      String((parameter as JsonObject)['Default']),
    ]),
  );
}

/** @throws Error for an unknown reference, which CloudFormation would refuse too */
export function resolve(value: JsonValue, known: References): JsonValue {
  const answer = (reference: string): string => {
    const found = known[reference];
    if (found === undefined) throw new Error(`Nothing is known of ${reference}.`);
    return found;
  };
  if (Array.isArray(value)) return value.map((item) => resolve(item, known));
  if (!isJsonObject(value)) return value;
  if (value['Fn::ImportValue'] !== undefined) return resolve(value['Fn::ImportValue'], known);
  const { Ref: name, 'Fn::Sub': text, 'Fn::GetAtt': attribute, 'Fn::If': choice } = value;
  if (typeof name === 'string') return answer(name);
  if (typeof text === 'string') return text.replace(/\$\{([^}]+)\}/g, (_whole, reference: string) => answer(reference));
  if (Array.isArray(choice)) return resolve(choice[answer(String(choice[0])) === 'true' ? 1 : 2] ?? '', known);
  if (Array.isArray(attribute)) return answer(attribute.join('.'));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member, known)]));
}
