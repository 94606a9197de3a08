import type { JsonObject } from '../../core/json.ts';
import type { AcceptedEvent } from './event-store.ts';
import type { BusEvent } from './model.ts';

/** What an event is made of. */
export interface EventParts {
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  readonly account: string;
  readonly region: string;
  /** Epoch ms, within the years 0 to 9999. */
  readonly timeMs: number;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
  /** The detail's own JSON text. */
  readonly detailText: string;
}

/** The event as rules match it, and as its targets get it: its text holds the detail's own, byte for byte. */
export function createBusEvent(
  parts: EventParts,
  acceptedAtMs: number,
): { readonly value: BusEvent; readonly accepted: AcceptedEvent } {
  const { id, region, detail } = parts;
  const envelope = {
    version: '0',
    id,
    'detail-type': parts.detailType,
    source: parts.source,
    account: parts.account,
    time: `${new Date(parts.timeMs).toISOString().slice(0, 19)}Z`,
    region,
    resources: parts.resources,
  } as const;
  const text = `${JSON.stringify(envelope).slice(0, -1)},"detail":${parts.detailText}}`;
  return { value: { ...envelope, detail }, accepted: { id, region, text, acceptedAtMs } };
}
