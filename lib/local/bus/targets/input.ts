import type { DeliveryTarget, EventDocument } from '../../../core/delivery/delivery.ts';
import { Failure } from '../../../core/failure/failure.ts';
import { transformInput } from '../../../core/request/input-transformer.ts';
import { readJsonPath, requireJsonPath } from '../../../core/request/json-path.ts';
import { exactEvent } from '../../../core/input/exact-json.ts';
import { jsonText, printedEvent } from '../../../core/input/json-text.ts';

export interface TargetInputSource {
  readonly event: EventDocument;
  readonly rule: string;
  readonly firstReceivedAtMs: number;
}

/**
 * The input of a target as JSON text: its constant, the value at its path, the result of its template, or the original
 * text of the event.
 *
 * @throws Failure InvalidInvocation when the input cannot be made from the event; EventBridge then delivers nothing
 */
export function targetInput(target: DeliveryTarget, source: TargetInputSource): string {
  const { Input: input, InputPath: inputPath, InputTransformer: transformer } = target;
  if (input !== undefined) return input;
  if (transformer !== undefined) return transformInput(transformer, source, 'rule');
  if (inputPath === undefined || inputPath === '$') return printedEvent(source.event);
  const value = readJsonPath(requireJsonPath(inputPath, 'target.InputPath'), exactEvent(source.event));
  if (value === undefined) throw new Failure('InvalidInvocation', 'target.InputPath finds nothing in the event.');
  return jsonText(value);
}
