import type { OwnOperation } from '../api/operations.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject, withoutUndefined } from '../../core/input/json.ts';
import type { CallResult, InvokeFunction } from './door.ts';
import { previewBody } from './preview-body.ts';

type Perform = (invoke: InvokeFunction, input: JsonObject, region: string) => Promise<CallResult>;

export const own: Readonly<Record<OwnOperation, Perform>> = {
  SendTestEvent: sendTestEvent,
  PreviewBody: (_invoke, input) => Promise.resolve(previewBody(input)),
  CountDeadLetters: (...call) => redrive(true, ...call),
  RedriveDeadLetters: (...call) => redrive(false, ...call),
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

/** The members of the input that the function redrive calls by other names. Times are seconds since 1970. */
const redriveMembers = {
  ApiDestinationName: 'apiDestination',
  ErrorCode: 'errorCode',
  After: 'after',
  Before: 'before',
  Maximum: 'maximum',
  RatePerSecond: 'ratePerSecond',
} as const;

/** Moves dead letters back into the delivery queue, or only counts them. One call may read only a part of the queue. */
async function redrive(
  dryRun: boolean,
  invoke: InvokeFunction,
  input: JsonObject,
  region: string,
): Promise<CallResult> {
  const members = Object.entries(redriveMembers).map(([member, name]): [string, JsonValue | undefined] => {
    const value = input[member];
    const isTime = (member === 'After' || member === 'Before') && typeof value === 'number';
    return [name, isTime ? new Date(Math.round(value * 1000)).toISOString() : value];
  });
  const event = withoutUndefined(Object.fromEntries(members));
  const result = await invoke('redrive', { ...event, dryRun }, region);
  if ('error' in result) return result;
  const { moved, matched, kept, unreadable, unreadableCount, more, before } = result.output;
  return {
    output: withoutUndefined({
      Moved: moved,
      Matched: matched,
      Kept: kept,
      NotDeliverable: unreadableIn(unreadable),
      NotDeliverableCount: unreadableCount,
      More: more,
      Before: typeof before === 'string' ? Date.parse(before) / 1000 : undefined,
    }),
  };
}

function unreadableIn(list: JsonValue | undefined): JsonValue {
  const items = Array.isArray(list) ? list.filter((item: JsonValue) => isJsonObject(item)) : [];
  return items.map(({ messageId = '', reason = '' }) => ({ MessageId: messageId, Reason: reason }));
}

function secondsOf(ms: JsonValue | undefined): number | undefined {
  return typeof ms === 'number' ? ms / 1000 : undefined;
}
