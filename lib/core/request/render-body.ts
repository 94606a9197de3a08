import { Buffer } from 'node:buffer';
import { BoundedMap } from '../input/bounded-map.ts';
import type { HttpParameter } from '../destination/connection-secret.ts';
import type { Delivery, DeliveryTarget, EventForm } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import { transformInput } from './input-transformer.ts';
import { exactEvent, parseJsonExactly } from '../input/exact-json.ts';
import { isJsonObject, parseJson } from '../input/json.ts';
import { readJsonPath, requireJsonPath } from './json-path.ts';
import { jsonText, printedEvent } from '../input/json-text.ts';

/**
 * The body of a request: the target's input with the connection's body parameters added. If neither of them changes the event,
 * its original text is sent, or its bytes.
 *
 * @throws Failure InvalidInvocation
 */
export function renderBody(delivery: Delivery, bodyParameters: readonly HttpParameter[]): string | Uint8Array {
  const form = formOfBody(delivery);
  if (form === undefined) {
    const body = renderInput(delivery);
    return bodyParameters.length === 0 ? body : withBodyParameters(body, bodyParameters);
  }
  if (bodyParameters.length > 0) throw new Failure('InvalidInvocation', needsObject);
  const { value } = delivery.event;
  if (typeof value !== 'string') return renderInput(delivery);
  return form === 'text' ? value : Buffer.from(value, 'base64');
}

/** The form of a body that is not JSON. A target with an input of its own always makes JSON. */
export function formOfBody({ event, target }: Delivery): EventForm | undefined {
  return event.form === undefined || hasOwnInput(target) ? undefined : event.form;
}

const contentTypes = { text: 'text/plain; charset=utf-8', bytes: 'application/octet-stream' } as const;

/** The Content-Type of a body that is not JSON, if nobody has configured another one. */
export function contentTypeOf(delivery: Delivery): string | undefined {
  const form = formOfBody(delivery);
  return form === undefined ? undefined : contentTypes[form];
}

/** Whether the body is something else than the whole event. */
export function hasOwnInput({
  Input: input,
  InputPath: inputPath,
  InputTransformer: transformer,
}: DeliveryTarget): boolean {
  return input !== undefined || transformer !== undefined || (inputPath !== undefined && inputPath !== '$');
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

const needsObject = "The connection's body parameters need a body that is a JSON object.";

/** If two parameters have the same key, the later one wins. */
function withBodyParameters(body: string, parameters: readonly HttpParameter[]): string {
  const value = parseJsonExactly(body);
  if (!isJsonObject(value)) throw new Failure('InvalidInvocation', needsObject);
  const added = parameters.map((parameter) => [parameter.key, parameter.value] as const);
  return jsonText(Object.fromEntries([...Object.entries(value), ...added]));
}
