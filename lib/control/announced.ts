import { parseEventsArn } from '../core/destination/arn.ts';
import type { ConnectionState } from '../core/destination/connection.ts';
import type { StateChange } from '../core/destination/state-event.ts';
import type { JsonObject } from '../core/input/json.ts';
import type { Clock } from '../ports/clock.ts';
import type { StateEvents } from '../ports/state-events.ts';
import type { Operation } from './operation.ts';

/** The operations that give a connection or an API destination a state. Their answers have it. */
const changing = new Set([
  'CreateConnection',
  'UpdateConnection',
  'DeauthorizeConnection',
  'DeleteConnection',
  'CreateApiDestination',
  'UpdateApiDestination',
]);

/** Announces the state in the answer of each operation that gives one. An operation that is refused announces nothing. */
export function announced(
  operations: Readonly<Record<string, Operation>>,
  stateEvents: Pick<StateEvents, 'add'>,
  clock: Clock,
): Readonly<Record<string, Operation>> {
  const entries = Object.entries(operations).map(([name, operation]): [string, Operation] => {
    if (!changing.has(name)) return [name, operation];
    const announcing: Operation = async (input, caller) => {
      const answer = await operation(input, caller);
      for (const change of changesOf(name, answer, clock.nowMs())) stateEvents.add(change);
      return answer;
    };
    return [name, announcing];
  });
  return Object.fromEntries(entries);
}

function changesOf(operation: string, answer: JsonObject, atMs: number): readonly StateChange[] {
  const { ApiDestinationArn, ApiDestinationState, ConnectionArn, ConnectionState } = answer;
  const text = ApiDestinationArn ?? ConnectionArn;
  const arn = typeof text === 'string' ? parseEventsArn(text) : undefined;
  if (arn === undefined) return [];
  const { name, incarnation } = arn;
  if (ApiDestinationArn !== undefined)
    return [{ kind: 'api-destination', name, incarnation, isActive: ApiDestinationState === 'ACTIVE', atMs }];
  const state = ConnectionState as ConnectionState;
  // EventBridge answers before it is done, so the answer is DEAUTHORIZING. Here it is done.
  const states: readonly ConnectionState[] =
    operation === 'DeauthorizeConnection' ? ['DEAUTHORIZING', 'DEAUTHORIZED'] : [state];
  return states.map((each) => ({ kind: 'connection', name, incarnation, state: each, atMs }));
}
