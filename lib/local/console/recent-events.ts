import type { CallResult } from '../../console/door/door.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { printedEvent } from '../../core/input/json-text.ts';
import type { DeliveryHistory, RecordedDelivery } from '../../ports/history.ts';
import type { KeptEvents } from '../../ports/kept-events.ts';

export interface RecentEventsDependencies {
  readonly history: DeliveryHistory;
  /** The kept events of one region. */
  readonly keptEventsOf: (region: string) => KeptEvents;
}

/** A person chooses one event from the list, so it is short. */
const maxEvents = 20;

/** Each event may have a mebibyte, so the list ends after these characters of events. */
const maxCharacters = 1_048_576;

/** One event may have a delivery for each of several rules. */
const maxDeliveries = 100;

/** The last events of a region whose text is still kept, each once. The last one comes first. */
export async function listRecentEvents(
  { history, keptEventsOf }: RecentEventsDependencies,
  region: string,
): Promise<CallResult> {
  const { deliveries } = await history.list(region, {}, { limit: maxDeliveries });
  const lastOfEvent = new Map<string, RecordedDelivery & { readonly keptAt: string }>();
  for (const delivery of deliveries) {
    const { eventId, keptAt } = delivery;
    if (eventId === undefined || keptAt === undefined || lastOfEvent.has(eventId)) continue;
    lastOfEvent.set(eventId, { ...delivery, keptAt });
  }
  const keptEvents = keptEventsOf(region);
  const events: JsonObject[] = [];
  let characters = 0;
  for (const [EventId, { keptAt, source, detailType }] of [...lastOfEvent].slice(0, maxEvents)) {
    const kept = await keptEvents.read(keptAt);
    if (kept === undefined) continue;
    const text = printedEvent(kept.event);
    characters += text.length;
    if (characters > maxCharacters && events.length > 0) break;
    events.push(withoutUndefined({ EventId, Source: source, DetailType: detailType, Event: text }));
  }
  return { output: { Events: events } };
}
