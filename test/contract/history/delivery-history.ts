import { beforeEach, describe, expect, test } from 'vitest';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import type { DeliveryLog } from '../../../lib/ports/delivery.ts';
import type { DeliveryHistory, HistoryFilter } from '../../../lib/ports/history.ts';

export interface HistorySubject {
  /** The log whose conclusions the history knows. */
  logOf(region: string): DeliveryLog;
  readonly history: DeliveryHistory;
  /** Lets this time pass on the clock of the log. */
  advance(ms: number): Promise<void>;
  readonly nowMs: () => number;
}

export const region = 'us-east-1';
export const ruleArn = (name: string): string => `arn:aws:events:us-east-1:123456789012:rule/${name}`;

export const delivered: Conclusion = {
  settlement: { kind: 'delivered' },
  eventId: 'event-1',
  apiDestination: 'orders',
  source: 'shop',
  detailType: 'Order Placed',
  rule: ruleArn('to-orders'),
  targetId: 'target-1',
  traceId: '1-5759e988-bd862e3fe1be46a994272793',
  status: 204,
  attempts: 1,
  durationMs: 35.5,
  rateWaitMs: 10,
};

export const failed: Conclusion = {
  ...delivered,
  settlement: { kind: 'dead-lettered' },
  code: 'EndpointRejected',
  reason: 'The endpoint answered 422.',
  status: 422,
  answer: '{"error":"no such order"}',
};

/** The promises of the port, for a log and the history that reads it. */
export function describeDeliveryHistory(name: string, create: () => Promise<HistorySubject>): void {
  describe(`the delivery history ${name}`, () => {
    let subject: HistorySubject;
    beforeEach(async () => {
      subject = await create();
    });

    const record = async (conclusion: Conclusion, inRegion = region): Promise<void> => {
      subject.logOf(inRegion).record(conclusion);
      await subject.advance(1000);
    };
    const idsOf = async (filter: HistoryFilter, limit = 100): Promise<readonly (string | undefined)[]> =>
      (await subject.history.list(region, filter, { limit })).deliveries.map(({ eventId }) => eventId);

    test('a delivery that succeeds at once is listed with all that its conclusion says', async () => {
      const concludedAtMs = subject.nowMs();
      await record(delivered);
      const last = { outcome: 'delivered', status: 204, attempts: 1, durationMs: 35.5, rateWaitMs: 10, concludedAtMs };
      expect(await subject.history.list(region, {}, { limit: 10 })).toEqual({
        deliveries: [
          {
            eventId: 'event-1',
            apiDestination: 'orders',
            rule: ruleArn('to-orders'),
            targetId: 'target-1',
            source: 'shop',
            detailType: 'Order Placed',
            traceId: '1-5759e988-bd862e3fe1be46a994272793',
            beganAtMs: concludedAtMs,
            last,
          },
        ],
      });
    });

    test('get returns every record of a delivery, the oldest first, with failure, answer and next attempt', async () => {
      const beganAtMs = subject.nowMs();
      const nextAttemptAtMs = beganAtMs + 900;
      const waits = { nextAttemptAtMs, waitsFor: 'backoff' } as const;
      await record({ ...failed, settlement: { kind: 'deferred', notBeforeMs: nextAttemptAtMs }, ...waits });
      await record({ ...failed, attempts: 2 });
      await record({ ...delivered, attempts: 3 });
      const [delivery, ...others] = await subject.history.get(region, 'event-1', 'orders');
      expect(others).toEqual([]);
      const { code, reason, answer, status } = failed;
      expect(delivery?.records).toEqual([
        { ...recordOf(failed, beganAtMs), outcome: 'deferred', code, reason, answer, status, ...waits },
        { ...recordOf(failed, beganAtMs + 1000), outcome: 'dead-lettered', attempts: 2, code, reason, answer, status },
        { ...recordOf(delivered, beganAtMs + 2000), outcome: 'delivered', attempts: 3, status: 204 },
      ]);
      expect(delivery?.last).toEqual(delivery?.records.at(-1));
      expect(delivery?.beganAtMs).toBe(beganAtMs);
    });

    test('a delivery whose first invocation has kept its text has the location of the text, also after later invocations', async () => {
      await record({ ...failed, kept: 'events/2026-11-28/0123456789abcdef0123456789abcdef#3' });
      await record({ ...delivered, attempts: 2 });
      const keptAt = 'events/2026-11-28/0123456789abcdef0123456789abcdef#3';
      expect(await subject.history.list(region, {}, { limit: 1 })).toMatchObject({ deliveries: [{ keptAt }] });
      expect(await subject.history.get(region, 'event-1', 'orders')).toMatchObject([{ keptAt }]);
    });

    test('a delivery that is kept again, because it started again, has the newer location', async () => {
      await record({ ...failed, kept: 'events/2026-11-28/0123456789abcdef0123456789abcdef#3' });
      const keptAt = 'events/2026-11-29/0123456789abcdef0123456789abcdef#0';
      await record({ ...delivered, kept: keptAt });
      expect(await subject.history.get(region, 'event-1', 'orders')).toMatchObject([{ keptAt }]);
    });

    test('a conclusion is in the history as soon as it was recorded', async () => {
      subject.logOf(region).record(delivered);
      expect(await idsOf({})).toEqual(['event-1']);
      subject.logOf(region).record({ ...delivered, eventId: 'event-2' });
      expect(await subject.history.get(region, 'event-2', 'orders')).toHaveLength(1);
    });

    test('deliveries that began last are listed first, and a later record does not change the place of a delivery', async () => {
      for (const eventId of ['a', 'b', 'c']) await record({ ...failed, eventId });
      await record({ ...delivered, eventId: 'a', attempts: 2 });
      expect(await idsOf({})).toEqual(['c', 'b', 'a']);
    });

    test('pages contain each delivery exactly once although deliveries begin and go on between them', async () => {
      const log = subject.logOf(region);
      for (const eventId of ['a', 'b', 'c', 'd', 'e']) log.record({ ...failed, eventId });
      await subject.advance(1000);
      const seen: (string | undefined)[] = [];
      for (let after: string | undefined; ; ) {
        const page = await subject.history.list(region, {}, { limit: 2, ...(after !== undefined && { after }) });
        seen.push(...page.deliveries.map(({ eventId }) => eventId));
        after = page.next;
        if (after === undefined) break;
        await record({ ...delivered, eventId: `new-${seen.length}` });
        await record({ ...delivered, eventId: 'a', attempts: 2 });
      }
      // All began in the same millisecond.
      expect(seen.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    test('the last page has no continuation when it is full', async () => {
      for (const eventId of ['a', 'b']) await record({ ...delivered, eventId });
      expect(await subject.history.list(region, {}, { limit: 2 })).not.toHaveProperty('next');
    });

    test.each(['', 'nonsense', '1-2-3', '9'.repeat(400)])(
      'a list that goes on after the text %j, which is from no page, is empty',
      async (after) => {
        await record(delivered);
        expect(await subject.history.list(region, {}, { limit: 2, after })).toEqual({ deliveries: [] });
      },
    );

    test.each<[string, HistoryFilter, readonly string[]]>([
      ['the event id', { eventId: 'b' }, ['b']],
      ['the API destination', { apiDestination: 'invoices' }, ['b']],
      ["the rule's name", { rule: 'to-invoices' }, ['b']],
      ["the rule's ARN", { rule: ruleArn('to-orders') }, ['c', 'a']],
      ["the ARN of a rule of another account's bus", { rule: ruleArn('other/to-orders') }, []],
      ['the outcome', { outcome: 'dead-lettered' }, ['c', 'b']],
      ['the code', { code: 'TimedOut' }, ['c']],
      ['the status', { status: 422 }, ['b']],
      ['a text in a reason', { text: 'ANSWERED 500' }, ['a']],
      ['a text in an answer', { text: '"no such' }, ['b']],
      ['a text with a character that databases replace', { text: 'answered_5%' }, []],
      ['a code that no delivery has', { code: 'DnsFailed' }, []],
      ['two members', { apiDestination: 'orders', outcome: 'dead-lettered' }, ['c']],
    ])('a list by %s has only the deliveries whose last record matches', async (_what, filter, expected) => {
      const { status: _none, answer: _silent, ...silent } = failed;
      await record({
        ...silent,
        eventId: 'a',
        code: 'EndpointFailed',
        reason: 'The endpoint answered 500.',
        status: 500,
      });
      await record({ ...delivered, eventId: 'a', attempts: 2 });
      await record({ ...failed, eventId: 'b', apiDestination: 'invoices', rule: ruleArn('to-invoices') });
      await record({ ...silent, eventId: 'c', code: 'TimedOut' });
      expect(await idsOf(filter)).toEqual(expected);
    });

    test('a list by time has the deliveries that began at its beginning or later, and before its end', async () => {
      const beganAtMs = subject.nowMs();
      for (const eventId of ['a', 'b', 'c']) await record({ ...delivered, eventId });
      await record({ ...delivered, eventId: 'a', attempts: 2 });
      expect(await idsOf({ afterMs: beganAtMs + 1000, beforeMs: beganAtMs + 2000 })).toEqual(['b']);
      expect(await idsOf({ afterMs: beganAtMs + 1001 })).toEqual(['c']);
      expect(await idsOf({ beforeMs: beganAtMs + 1 })).toEqual(['a']);
    });

    test('an API destination has the same deliveries whether the input named it by name or by ARN', async () => {
      const arn = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/11111111-2222-3333-4444-555555555555';
      await record({ ...failed, apiDestination: arn });
      await record({ ...delivered, attempts: 2 });
      expect(await subject.history.list(region, {}, { limit: 10 })).toMatchObject({
        deliveries: [{ apiDestination: 'orders', last: { attempts: 2 } }],
      });
    });

    test('the targets that send one event to the same API destination each have a delivery', async () => {
      await record(failed);
      await record({ ...delivered, targetId: 'target-2' });
      await record({ ...delivered, rule: ruleArn('again') });
      const found = await subject.history.get(region, 'event-1', 'orders');
      expect(found.map(({ rule, targetId, last }) => [rule, targetId, last.outcome])).toEqual([
        [ruleArn('to-orders'), 'target-1', 'dead-lettered'],
        [ruleArn('to-orders'), 'target-2', 'delivered'],
        [ruleArn('again'), 'target-1', 'delivered'],
      ]);
    });

    test('inputs that are no events are listed, each as a delivery of its own, and have no names', async () => {
      const unreadable: Conclusion = {
        settlement: { kind: 'dead-lettered' },
        code: 'InvalidJson',
        reason: 'The message is not JSON.',
        attempts: 0,
        durationMs: 1,
      };
      await record(unreadable);
      await record(unreadable);
      const { deliveries } = await subject.history.list(region, {}, { limit: 10 });
      expect(deliveries.map((delivery) => Object.keys(delivery).sort())).toEqual([
        ['beganAtMs', 'last'],
        ['beganAtMs', 'last'],
      ]);
    });

    test('each region has a history of its own', async () => {
      await record(delivered, 'eu-west-1');
      expect(await idsOf({})).toEqual([]);
      expect(await subject.history.get(region, 'event-1', 'orders')).toEqual([]);
      expect(await subject.history.get('eu-west-1', 'event-1', 'orders')).toHaveLength(1);
    });

    test('get returns nothing for an event that the history does not have', async () => {
      await record(delivered);
      expect(await subject.history.get(region, 'event-2', 'orders')).toEqual([]);
      expect(await subject.history.get(region, 'event-1', 'invoices')).toEqual([]);
    });
  });
}

export function recordOf({ attempts, durationMs, rateWaitMs }: Conclusion, concludedAtMs: number): object {
  return { attempts, durationMs, rateWaitMs, concludedAtMs };
}
