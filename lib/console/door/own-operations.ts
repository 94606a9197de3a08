import type { OwnOperation } from '../api/operations.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import type { CallResult, InvokeFunction } from './door.ts';
import { previewBody } from './preview-body.ts';

type Perform = (invoke: InvokeFunction, input: JsonObject, region: string) => Promise<CallResult>;

export const own: Readonly<Record<OwnOperation, Perform>> = {
  SendTestEvent: sendTestEvent,
  PreviewBody: (_invoke, input) => Promise.resolve(previewBody(input)),
};

/** Delivers one event at once, as a rule that names the API destination would. The answer says what came of its first attempt. */
async function sendTestEvent(invoke: InvokeFunction, input: JsonObject, region: string): Promise<CallResult> {
  const { ApiDestinationName: apiDestination = '', Event: event = {} } = input;
  const result = await invoke('deliver', { apiDestination, event }, region);
  if ('error' in result) return result;
  const { outcome, status, code, reason, answer, attempts, durationMs, nextAttemptAtMs, waitsFor } = result.output;
  return {
    output: withoutUndefined({
      Outcome: outcome,
      Status: status,
      Code: code,
      Reason: reason,
      Answer: answer,
      AttemptsMade: attempts,
      DurationMilliseconds: durationMs,
      NextAttemptAt: secondsOf(nextAttemptAtMs),
      WaitsFor: waitsFor,
    }),
  };
}

function secondsOf(ms: JsonValue | undefined): number | undefined {
  return typeof ms === 'number' ? ms / 1000 : undefined;
}
