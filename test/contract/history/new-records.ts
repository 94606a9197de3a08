import { beforeEach, describe, expect, test } from 'vitest';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import type { HistoryFilter } from '../../../lib/ports/history.ts';
import type { HistorySubject } from './delivery-history.ts';
import { delivered, failed, recordOf, region, ruleArn } from './delivery-history.ts';

/** Tests that the port returns the records after a position. */
export function describeNewRecords(name: string, create: () => Promise<HistorySubject>): void {
  describe(`new records of the delivery history ${name}`, () => {
    let subject: HistorySubject;
    beforeEach(async () => {
      subject = await create();
    });

    const record = async (conclusion: Conclusion, inRegion = region): Promise<void> => {
      subject.logOf(inRegion).record(conclusion);
      await subject.advance(1000);
    };
    const newIdsAfter = async (after: string | undefined, filter: HistoryFilter = {}, limit = 100) => {
      const found = await subject.history.recordsAfter(region, filter, {
        limit,
        ...(after !== undefined && { after }),
      });
      return {
        ids: found.conclusions.map(({ eventId, last }) => `${eventId} ${last.attempts}`),
        position: found.position,
      };
    };

    test('records after a position come once, in their order, also those of a delivery that goes on', async () => {
      await record({ ...failed, eventId: 'before' });
      const start = await newIdsAfter(undefined);
      expect(start.ids).toEqual([]);
      await record({ ...failed, eventId: 'a' });
      await record({ ...delivered, eventId: 'before', attempts: 2 });
      const first = await newIdsAfter(start.position, {}, 1);
      expect(first.ids).toEqual(['a 1']);
      await record({ ...delivered, eventId: 'a', attempts: 2 });
      const second = await newIdsAfter(first.position);
      expect(second.ids).toEqual(['before 2', 'a 2']);
      expect(await newIdsAfter(second.position)).toMatchObject({ ids: [] });
    });

    test('a record after a position says all that its conclusion says', async () => {
      const { position } = await newIdsAfter(undefined);
      const concludedAtMs = subject.nowMs();
      await record(failed);
      const { code, reason, answer, status } = failed;
      const { conclusions } = await subject.history.recordsAfter(region, {}, { limit: 10, after: position });
      expect(conclusions).toEqual([
        {
          eventId: 'event-1',
          apiDestination: 'orders',
          rule: ruleArn('to-orders'),
          targetId: 'target-1',
          source: 'shop',
          detailType: 'Order Placed',
          traceId: '1-5759e988-bd862e3fe1be46a994272793',
          last: { ...recordOf(failed, concludedAtMs), outcome: 'dead-lettered', code, reason, answer, status },
        },
      ]);
    });

    test.each<[string, HistoryFilter, readonly string[]]>([
      ['the event id', { eventId: 'b' }, ['b 1']],
      ['the API destination', { apiDestination: 'invoices' }, ['b 1']],
      ["the rule's name", { rule: 'to-orders' }, ['a 1', 'a 2']],
      ["the rule's ARN", { rule: ruleArn('to-invoices') }, ['b 1']],
      ['the outcome', { outcome: 'dead-lettered' }, ['a 1', 'b 1']],
      ['the code', { code: 'TimedOut' }, ['b 1']],
      ['the status', { status: 204 }, ['a 2']],
      ['a text in the answer', { text: 'NO SUCH' }, ['a 1']],
      ['a text with a character that databases replace', { text: 'no_such' }, []],
    ])('records after a position that are filtered by %s match it themselves', async (_what, filter, expected) => {
      const { position } = await newIdsAfter(undefined, filter);
      await record({ ...failed, eventId: 'a' });
      const { answer: _silent, status: _none, ...silent } = failed;
      await record({
        ...silent,
        eventId: 'b',
        apiDestination: 'invoices',
        rule: ruleArn('to-invoices'),
        code: 'TimedOut',
      });
      await record({ ...delivered, eventId: 'a', attempts: 2 });
      await record({ ...failed, eventId: 'c' }, 'eu-west-1');
      expect((await newIdsAfter(position, filter)).ids).toEqual(expected);
    });

    test.each(['', 'nonsense', '-1', '9'.repeat(400)])(
      'no records come after the text %j, because it is not a position',
      async (after) => {
        await record(delivered);
        expect((await newIdsAfter(after)).ids).toEqual([]);
      },
    );
  });
}
