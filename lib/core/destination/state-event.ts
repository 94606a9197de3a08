import type { Conclusion } from '../delivery/delivery.ts';
import type { JsonObject } from '../input/json.ts';
import type { ConnectionState } from './connection.ts';
import type { HealthEvent } from '../health/health-event.ts';
import { parseEventsArn } from './arn.ts';

/**
 * An event that tells of a change in the stack. The state events of connections and API destinations have the detail types and
 * details of EventBridge's own.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/event-reference.html
 */
export interface StateEvent {
  readonly detailType: string;
  readonly detail: JsonObject;
  readonly atMs: number;
  /** The part of the resource's ARN after the account; absent when it is not known. */
  readonly resource?: string | undefined;
}

/** EventBridge's own state events come from `aws.events`, but PutEvents accepts no source that begins with `aws.`. */
export const stateEventSource = 'lastmile';

const connectionDetailTypes: Readonly<Record<ConnectionState, string>> = {
  CREATING: 'Connection Creation Started',
  UPDATING: 'Connection Update Started',
  DELETING: 'Connection Deletion Started',
  AUTHORIZED: 'Connection Authorized',
  AUTHORIZING: 'Connection Authorization Started',
  DEAUTHORIZING: 'Connection Deauthorization Started',
  DEAUTHORIZED: 'Connection Deauthorized',
};

/** A change in the stack, before it is an event. */
export type StateChange = { readonly atMs: number } & (
  | {
      readonly kind: 'connection';
      readonly name: string;
      readonly incarnation: string;
      readonly state: ConnectionState;
      readonly stateReason?: string | undefined;
    }
  | {
      readonly kind: 'api-destination';
      readonly name: string;
      readonly incarnation: string;
      readonly isActive: boolean;
    }
  | { readonly kind: 'health'; readonly health: HealthEvent }
  | { readonly kind: 'conclusion'; readonly conclusion: Conclusion }
);

/**
 * Failure policy: an event of our own source has no event for its dead letter, because a rule may send the state events to an API
 * destination that fails, and each dead letter would then cause the next one.
 *
 * @returns undefined for a change that is not announced
 */
export function stateEventOf(change: StateChange): StateEvent | undefined {
  const { atMs } = change;
  switch (change.kind) {
    case 'connection': {
      const { name, incarnation, state, stateReason } = change;
      const detail = withTime({ ConnectionName: name, StateReason: stateReason }, atMs);
      return { detailType: connectionDetailTypes[state], detail, resource: `connection/${name}/${incarnation}`, atMs };
    }
    case 'api-destination': {
      const { name, incarnation, isActive } = change;
      const detailType = `API Destination ${isActive ? 'Activated' : 'Deactivated'}`;
      const detail = withTime({ ApiDestinationName: name }, atMs);
      return { detailType, detail, resource: `api-destination/${name}/${incarnation}`, atMs };
    }
    case 'health':
      return healthEvent(change.health, atMs);
    case 'conclusion':
      return deadLetterEvent(change.conclusion, atMs);
  }
}

function healthEvent(health: HealthEvent, atMs: number): StateEvent | undefined {
  const ApiDestinationName = health.apiDestination;
  if (health.event === 'unhealthy') {
    const detail = { ApiDestinationName, Code: health.code, FailuresInRow: health.failures };
    return { detailType: 'Destination Unhealthy', detail: withTime(detail, atMs), atMs };
  }
  if (health.event !== 'healthy') return undefined;
  const detail = { ApiDestinationName, UnhealthyForSeconds: Math.round(health.unhealthyForMs / 1000) };
  return { detailType: 'Destination Healthy', detail: withTime(detail, atMs), atMs };
}

function deadLetterEvent(conclusion: Conclusion, atMs: number): StateEvent | undefined {
  const { settlement, apiDestination, eventId, source, detailType, rule, targetId, traceId } = conclusion;
  const { code, reason, status, attempts } = conclusion;
  if (settlement.kind !== 'dead-lettered' || source === stateEventSource) return undefined;
  const detail = {
    ApiDestinationName: apiDestination && (parseEventsArn(apiDestination)?.name ?? apiDestination),
    EventId: eventId,
    Source: source,
    DetailType: detailType,
    Rule: rule,
    TargetId: targetId,
    TraceId: traceId,
    Code: code,
    Reason: reason,
    Status: status,
    AttemptsMade: attempts,
  };
  return { detailType: 'Delivery Dead-Lettered', detail: withTime(detail, atMs), atMs };
}

/** The time has the form of EventBridge's example: `2024-10-24 09:26:35 +0000 UTC`. */
function withTime(detail: Readonly<Record<string, string | number | undefined>>, atMs: number): JsonObject {
  const Timestamp = `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
  const present = Object.entries(detail).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return { ...Object.fromEntries(present), Timestamp };
}
