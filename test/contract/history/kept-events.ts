import { beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../../lib/core/delivery/delivery.ts';
import { parseInvocationTrace } from '../../../lib/core/delivery/trace.ts';
import type { EventKeeper, KeptEvents } from '../../../lib/ports/kept-events.ts';

export interface KeptEventsSubject {
  readonly keeper: EventKeeper;
  readonly events: KeptEvents;
  readonly nowMs: () => number;
  /** Deletes all objects, as a reset or the end of their time does. */
  forget(): Promise<void> | void;
  /** Makes the store fail from now on. */
  breakDown(): void;
}

const trace = parseInvocationTrace('Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1');
const never = new AbortController().signal;

/** A delivery that has failed twice, with everything that a rule can send. */
export const everything: Delivery = {
  apiDestination: 'arn:aws:events:us-east-1:123456789012:api-destination/orders/11111111-2222-3333-4444-555555555555',
  event: { value: { id: 'e-1', price: 1 }, text: '{"id": "e-1",\n "price": 1.0, "name": "Zoë \\u0000 \u2028"}' },
  rule: 'arn:aws:events:us-east-1:123456789012:rule/to-orders',
  target: {
    Id: 'target-1',
    InputTransformer: { InputPathsMap: { id: '$.id' }, InputTemplate: '{"id": <id>}' },
    HttpParameters: { PathParameterValues: ['$.id'], HeaderParameters: { 'x-from': 'shop' } },
    RetryPolicy: { MaximumRetryAttempts: 3 },
  },
  attempts: 2,
  postponements: 1,
  attemptTimes: { firstMs: 1000, lastMs: 2000 },
  firstReceivedAtMs: 500,
  redrives: 1,
  ...(trace && { trace }),
};

const smallest: Delivery = {
  apiDestination: 'invoices',
  event: { value: { id: 'e-2' }, text: '{"id":"e-2"}' },
  target: {},
  attempts: 0,
  postponements: 0,
  firstReceivedAtMs: 500,
};

/** The promises of the ports EventKeeper and KeptEvents, for two sides that use the same store. */
export function describeKeptEvents(name: string, create: () => Promise<KeptEventsSubject>): void {
  describe(`the kept events ${name}`, () => {
    let subject: KeptEventsSubject;
    beforeEach(async () => {
      subject = await create();
    });

    test('each kept delivery is read at its location as a new delivery, with all that the rule has sent', async () => {
      const locations = await subject.keeper.keep([smallest, everything], never);
      expect(locations).toHaveLength(2);
      const [first, second] = await Promise.all(locations.map((location) => subject.events.read(location)));
      const { apiDestination, rule, target, event } = everything;
      const fresh = { attempts: 0, postponements: 0, firstReceivedAtMs: subject.nowMs() };
      const value: unknown = JSON.parse(event.text ?? '');
      const expected = { apiDestination, rule, target, event: { value, text: event.text }, trace, ...fresh };
      expect(first).toEqual({ ...smallest, ...fresh });
      expect(second).toEqual(expected);
    });

    test('a location is one word of at most 64 characters that a log line can have, and no two deliveries share it', async () => {
      const locations = [
        ...(await subject.keeper.keep([smallest, smallest], never)),
        ...(await subject.keeper.keep([smallest], never)),
      ];
      expect(new Set(locations).size).toBe(3);
      for (const location of locations) expect(location).toMatch(/^events\/[!-~]{1,57}$/);
    });

    test('nothing is read at the location of a delivery that was not kept', async () => {
      const [location = ''] = await subject.keeper.keep([smallest], never);
      const next = location.replace('#0', '#1');
      const other = location.replace(/[0-9a-f]#/, (last) => `${last.startsWith('0') ? '1' : '0'}#`);
      expect(await subject.events.read(next)).toBeUndefined();
      expect(await subject.events.read(other)).toBeUndefined();
      expect(await subject.events.read(location)).toBeDefined();
    });

    test.each([
      '',
      'events/',
      'e-1',
      '../events/2026-11-28/00000000000000000000000000000000#0',
      'events/2026-11-28/00000000000000000000000000000000',
      'events/2026-11-28/0000000000000000000000000000000?#0',
      'events/2026-11-28/00000000000000000000000000000000#-1',
    ])('nothing is read at the text %j, which is not a location', async (text) => {
      await subject.keeper.keep([smallest], never);
      expect(await subject.events.read(text)).toBeUndefined();
    });

    test('nothing is read at a location whose object is gone', async () => {
      const [location = ''] = await subject.keeper.keep([smallest], never);
      await subject.forget();
      expect(await subject.events.read(location)).toBeUndefined();
    });

    test('a store that does not work fails both sides with StoreUnavailable', async () => {
      const [location = ''] = await subject.keeper.keep([smallest], never);
      subject.breakDown();
      await expect(subject.keeper.keep([smallest], never)).rejects.toMatchObject({ code: 'StoreUnavailable' });
      await expect(subject.events.read(location)).rejects.toMatchObject({ code: 'StoreUnavailable' });
    });
  });
}
