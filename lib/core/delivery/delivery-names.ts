import { isJsonObject } from '../input/json.ts';
import type { Conclusion, Delivery } from './delivery.ts';
import { traceIdOf } from './trace.ts';

/**
 * A log line or a list has at most this many characters of an event's id, source and type, because the event's author chooses
 * them. The sources of EventBridge have up to 256 characters.
 */
export const maxNameCharacters = 256;

export type DeliveryNames = Pick<
  Conclusion,
  'apiDestination' | 'eventId' | 'source' | 'detailType' | 'rule' | 'targetId' | 'traceId'
>;

/** The names by which a person finds a delivery: for log lines and lists. */
export function namesOf(
  delivery: Pick<Delivery, 'apiDestination' | 'event' | 'eventId' | 'rule' | 'target' | 'trace'> | undefined,
): DeliveryNames {
  if (delivery === undefined) return {};
  const { value } = delivery.event;
  const { id: ownId, source, 'detail-type': detailType } = isJsonObject(value) ? value : {};
  const id = delivery.eventId ?? ownId;
  return {
    apiDestination: delivery.apiDestination,
    ...(typeof id === 'string' && { eventId: shortened(id) }),
    source: shortened(source),
    detailType: shortened(detailType),
    ...(delivery.rule !== undefined && { rule: delivery.rule }),
    targetId: shortened(delivery.target.Id),
    ...(delivery.trace !== undefined && { traceId: traceIdOf(delivery.trace) }),
  };
}

function shortened(value: string): string;
function shortened(value: unknown): string | undefined;
function shortened(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, maxNameCharacters) : undefined;
}
