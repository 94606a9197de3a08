import type { DeliveryTarget, InputTransformer } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject, ownMember, parseJson, withoutUndefined } from '../../core/input/json.ts';
import { renderBody } from '../../core/request/render-body.ts';
import type { CallResult } from './door.ts';

/**
 * The body that a target makes from an event, by the code that a worker runs. A connection may add body parameters to it, which are
 * left out because their values may be secret.
 *
 * An event is taken as received at its own time, which an input transformer can print.
 */
export function previewBody(input: JsonObject): CallResult {
  const text = textOf(input, 'Event') ?? '';
  const event = parseJson(text);
  if (!isJsonObject(event)) return invalid('Parameter Event is not valid. Reason: It must be a JSON object.');
  const target = targetOf(input['Target']);
  const rule = textOf(input, 'RuleArn');
  const time = Date.parse(textOf(event, 'time') ?? '');
  try {
    const body = renderBody(
      {
        apiDestination: '',
        event: { value: event, text },
        ...(rule !== undefined && { rule }),
        target,
        attempts: 0,
        postponements: 0,
        firstReceivedAtMs: Number.isNaN(time) ? 0 : time,
      },
      [],
    );
    // An event of EventBridge is JSON, so its body is never bytes.
    return { output: { Body: String(body) } };
  } catch (error) {
    if (error instanceof Failure) return { error: { code: error.code, message: error.message } };
    throw error;
  }
}

function targetOf(value: JsonValue | undefined): DeliveryTarget {
  const target = isJsonObject(value) ? value : {};
  const { InputTransformer: transformer } = target;
  return withoutUndefined({
    Input: textOf(target, 'Input'),
    InputPath: textOf(target, 'InputPath'),
    InputTransformer: isJsonObject(transformer) ? transformerOf(transformer) : undefined,
  });
}

function transformerOf(transformer: JsonObject): InputTransformer & JsonObject {
  const { InputPathsMap: map } = transformer;
  const paths = Object.entries(isJsonObject(map) ? map : {}).flatMap(([name, path]) =>
    typeof path === 'string' ? [[name, path] as const] : [],
  );
  return { InputPathsMap: Object.fromEntries(paths), InputTemplate: textOf(transformer, 'InputTemplate') ?? '' };
}

function textOf(holder: JsonObject, name: string): string | undefined {
  const value = ownMember(holder, name);
  return typeof value === 'string' ? value : undefined;
}

function invalid(message: string): CallResult {
  return { error: { code: 'ValidationException', message } };
}
