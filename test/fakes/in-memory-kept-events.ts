import type { Delivery } from '../../lib/core/delivery/delivery.ts';
import {
  formatKeptDeliveries,
  formatKeptLocation,
  keptKey,
  parseKeptDelivery,
  parseKeptLocation,
} from '../../lib/core/message/kept-deliveries.ts';
import type { EventKeeper, KeptEvents } from '../../lib/ports/kept-events.ts';

export interface InMemoryKeptEvents extends EventKeeper, KeptEvents {
  /** The texts of all objects by their keys. A test may delete one. */
  readonly objects: Map<string, string>;
  /** Makes every later call throw this error. */
  failWith(error: unknown): void;
}

export function createInMemoryKeptEvents(nowMs: () => number): InMemoryKeptEvents {
  const objects = new Map<string, string>();
  let failure: { readonly error: unknown } | undefined;
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    objects,
    async keep(deliveries: readonly Delivery[]) {
      throwFailure();
      const key = keptKey(nowMs(), String(objects.size).padStart(32, '0'));
      objects.set(key, formatKeptDeliveries(deliveries));
      return deliveries.map((_delivery, index) => formatKeptLocation({ key, index }));
    },
    async read(location) {
      throwFailure();
      const place = parseKeptLocation(location);
      const text = place === undefined ? undefined : objects.get(place.key);
      return place === undefined || text === undefined ? undefined : parseKeptDelivery(text, place.index, nowMs());
    },
    failWith(error) {
      failure = { error };
    },
  };
}
