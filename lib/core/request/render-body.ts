import { BoundedMap } from '../input/bounded-map.ts';
import type { HttpParameter } from '../destination/connection-secret.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import { transformInput } from './input-transformer.ts';
import { exactEvent, parseJsonExactly } from '../input/exact-json.ts';
import { isJsonObject, parseJson } from '../input/json.ts';
import { readJsonPath, requireJsonPath } from './json-path.ts';
import { jsonText, printedEvent } from '../input/json-text.ts';

/**
 * The body of a request: the target's input with the connection's body parameters added. If neither of them changes the event,
 * its original text is sent.
 *
 * @throws Failure InvalidInvocation
 */
export function renderBody(delivery: Delivery, bodyParameters: readonly HttpParameter[]): string {
  const body = renderInput(delivery);
  return bodyParameters.length === 0 ? body : withBodyParameters(body, bodyParameters);
}

function renderInput(delivery: Delivery): string {
  const { Input: input, InputPath: inputPath, InputTransformer: transformer } = delivery.target;
  if (input !== undefined) return constantInputs.getOrCreate(input, requireJson);
  if (transformer !== undefined) return transformInput(transformer, delivery);
  if (inputPath === undefined || inputPath === '$') return printedEvent(delivery.event);
  const value = readJsonPath(requireJsonPath(inputPath, 'target.InputPath'), exactEvent(delivery.event));
  if (value === undefined) throw new Failure('InvalidInvocation', 'target.InputPath finds nothing in the event.');
  return jsonText(value);
}

/** Constant inputs that were checked to be JSON; 200 of the largest take 1.6 MB. */
const constantInputs = new BoundedMap<string, string>(200);

function requireJson(input: string): string {
  if (parseJson(input) === undefined) throw new Failure('InvalidInvocation', 'target.Input is not JSON.');
  return input;
}

/** If two parameters have the same key, the later one wins. */
function withBodyParameters(body: string, parameters: readonly HttpParameter[]): string {
  const value = parseJsonExactly(body);
  if (!isJsonObject(value)) {
    throw new Failure('InvalidInvocation', "The connection's body parameters need a body that is a JSON object.");
  }
  const added = parameters.map((parameter) => [parameter.key, parameter.value] as const);
  return jsonText(Object.fromEntries([...Object.entries(value), ...added]));
}
