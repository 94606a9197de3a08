import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import { listRecentEvents } from '../../../../lib/local/console/recent-events.ts';
import { SqliteDeliveryHistory } from '../../../../lib/local/history/sqlite-history.ts';
import { keptEventsLimits, SqliteKeptEvents } from '../../../../lib/local/history/sqlite-kept-events.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const region = 'eu-west-1';

function openRecords() {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  const { nowMs } = createManualClock();
  const reportFault = (error: unknown): void => expect.unreachable(String(error));
  const history = new SqliteDeliveryHistory({ database, nowMs, reportFault });
  const keptEvents = new SqliteKeptEvents({ database, nowMs, limits: keptEventsLimits.inMemory });
  const deliver = async (eventId: string, text: string, apiDestination = 'orders'): Promise<void> => {
    const event = { value: { id: eventId }, text };
    const delivery: Delivery = {
      apiDestination,
      event,
      target: {},
      attempts: 0,
      postponements: 0,
      firstReceivedAtMs: nowMs(),
    };
    const [kept = ''] = await keptEvents.of(region).keep([delivery], new AbortController().signal);
    const names = { eventId, apiDestination, source: 'shop', detailType: 'Order Paid' };
    const settlement = { kind: 'delivered' } as const;
    history.logOf(region).record({ ...names, settlement, attempts: 1, durationMs: 5, kept });
  };
  const dependencies = { history, keptEventsOf: (each: string) => keptEvents.of(each) };
  return { database, deliver, dependencies, list: async () => await listRecentEvents(dependencies, region) };
}

const answered = (EventId: string, Event: string) => ({ EventId, Source: 'shop', DetailType: 'Order Paid', Event });

test('the recent events come once each with their own text, the last one first', async () => {
  const { deliver, list, dependencies } = openRecords();
  await deliver('first', '{"id": "first", "total": 1.10}');
  await deliver('second', '{"id":"second"}');
  await deliver('second', '{"id":"second"}', 'invoices');
  const Events = [answered('second', '{"id":"second"}'), answered('first', '{"id": "first", "total": 1.10}')];
  expect(await list()).toEqual({ output: { Events } });
  expect(await listRecentEvents(dependencies, 'us-east-1')).toEqual({ output: { Events: [] } });
});

test('an event whose text is no longer kept is not among the recent events', async () => {
  const { database, deliver, list } = openRecords();
  await deliver('gone', '{"id":"gone"}');
  await deliver('there', '{"id":"there"}');
  database.exec('DELETE FROM kept_events');
  await deliver('there', '{"id":"there"}', 'invoices');
  expect(await list()).toEqual({ output: { Events: [answered('there', '{"id":"there"}')] } });
});

test('the recent events end before their texts have more than a million characters, but always have one', async () => {
  const { deliver, list } = openRecords();
  const large = (id: string): string => `{"id":"${id}","text":"${'x'.repeat(1_048_000)}"}`;
  for (const id of ['a', 'b', 'c']) await deliver(id, large(id));
  expect(await list()).toEqual({ output: { Events: [answered('c', large('c'))] } });
  const largest = `{"text":"${'x'.repeat(1_048_576)}"}`;
  await deliver('d', largest);
  expect(await list()).toEqual({ output: { Events: [answered('d', largest)] } });
});

test('at most twenty recent events are listed', async () => {
  const { deliver, list } = openRecords();
  for (let number = 0; number < 21; number += 1) await deliver(`e-${number}`, '{}');
  const { output } = (await list()) as { output: { Events: readonly unknown[] } };
  expect(output.Events).toHaveLength(20);
});
