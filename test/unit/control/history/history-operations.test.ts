import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createHistoryOperations } from '../../../../lib/control/history/history-operations.ts';
import type { Conclusion } from '../../../../lib/core/delivery/delivery.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { SqliteDeliveryHistory } from '../../../../lib/local/history/sqlite-history.ts';
import { readLastmileInput } from '../../../../lib/protocol/routes.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { caller } from '../world.ts';

const nowMs = Date.UTC(2026, 0, 1);
const arnOf = (rule: string): string => `arn:aws:events:us-east-1:123456789012:rule/${rule}`;

const failed: Conclusion = {
  settlement: { kind: 'deferred', notBeforeMs: nowMs + 1500 },
  eventId: 'event-1',
  apiDestination: 'orders',
  source: 'shop',
  detailType: 'Order Placed',
  rule: arnOf('to-orders'),
  targetId: 'target-1',
  code: 'EndpointFailed',
  reason: 'The endpoint answered 500.',
  answer: 'no',
  status: 500,
  attempts: 1,
  durationMs: 35.5,
  rateWaitMs: 10,
  nextAttemptAtMs: nowMs + 1500,
  waitsFor: 'backoff',
};
const delivered: Conclusion = { settlement: { kind: 'delivered' }, status: 204, attempts: 2, durationMs: 20 };
const names = { eventId: 'event-1', apiDestination: 'orders', rule: arnOf('to-orders'), targetId: 'target-1' };

let record: (conclusion: Conclusion) => void;
let call: (operation: string, input: JsonObject) => Promise<JsonObject>;
let clock: ReturnType<typeof createManualClock>;

beforeEach(() => {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  clock = createManualClock(nowMs);
  const reportFault = (error: unknown): void => expect.unreachable(String(error));
  const history = new SqliteDeliveryHistory({ database, nowMs: clock.nowMs, reportFault });
  record = (conclusion) => history.logOf(caller.region).record(conclusion);
  call = callWith(createHistoryOperations({ history }));
});

function callWith(operations: ReturnType<typeof createHistoryOperations>): typeof call {
  return async (operation, input) => {
    const perform = operations[operation];
    if (perform === undefined) throw new Error(`There is no operation ${operation}.`);
    return perform(readLastmileInput(operation, input), caller);
  };
}

const idsIn = ({ Deliveries }: JsonObject): readonly unknown[] =>
  (Deliveries as readonly JsonObject[]).map(({ EventId }) => EventId);

describe('ListDeliveries', () => {
  test('ListDeliveries shows the names of a delivery and what its last attempt came to, with times in epoch seconds', async () => {
    record(failed);
    expect(await call('ListDeliveries', {})).toEqual({
      Deliveries: [
        {
          EventId: 'event-1',
          ApiDestinationName: 'orders',
          Rule: arnOf('to-orders'),
          TargetId: 'target-1',
          Source: 'shop',
          DetailType: 'Order Placed',
          BeganAt: nowMs / 1000,
          ConcludedAt: nowMs / 1000,
          Outcome: 'deferred',
          AttemptsMade: 1,
          DurationMilliseconds: 35.5,
          RateWaitMilliseconds: 10,
          Status: 500,
          Code: 'EndpointFailed',
          Reason: 'The endpoint answered 500.',
          Answer: 'no',
          NextAttemptAt: nowMs / 1000 + 1.5,
          WaitsFor: 'backoff',
        },
      ],
    });
  });

  test.each<[string, JsonObject]>([
    ['EventId', { EventId: 'b' }],
    ['ApiDestinationName', { ApiDestinationName: 'invoices' }],
    ['Rule', { Rule: 'to-invoices' }],
    ['Outcome', { Outcome: 'delivered' }],
    ['Code', { Code: 'TimedOut' }],
    ['Status', { Status: 204 }],
    ['Text', { Text: 'in time' }],
    ['After', { After: nowMs / 1000 + 0.001 }],
  ])('ListDeliveries has only the deliveries that match %s', async (_member, filter) => {
    record({ ...failed, eventId: 'a' });
    await clock.advance(1);
    const invoices = {
      apiDestination: 'invoices',
      rule: arnOf('to-invoices'),
      code: 'TimedOut',
      reason: 'No answer in time.',
    } as const;
    record({ ...delivered, ...invoices, eventId: 'b' });
    expect(idsIn(await call('ListDeliveries', filter))).toEqual(['b']);
  });

  test('ListDeliveries has no delivery that began at the time of Before or later', async () => {
    record(failed);
    expect(idsIn(await call('ListDeliveries', { Before: nowMs / 1000 }))).toEqual([]);
    expect(idsIn(await call('ListDeliveries', { Before: nowMs / 1000 + 0.001 }))).toEqual(['event-1']);
  });

  test('ListDeliveries has a hundred deliveries on a page, or as many as Limit says, and NextToken gets the rest', async () => {
    for (let number = 1; number <= 101; number += 1) record({ ...failed, eventId: `event-${number}` });
    const first = await call('ListDeliveries', {});
    expect(idsIn(first)).toHaveLength(100);
    const second = await call('ListDeliveries', { NextToken: first['NextToken'] ?? '' });
    expect([idsIn(second), second['NextToken']]).toEqual([['event-1'], undefined]);
    expect(idsIn(await call('ListDeliveries', { Limit: 2 }))).toEqual(['event-101', 'event-100']);
  });

  test('ListDeliveries refuses a NextToken of a list with other filters', async () => {
    for (const eventId of ['a', 'b']) record({ ...failed, eventId });
    const { NextToken = '' } = await call('ListDeliveries', { Limit: 1 });
    await expect(call('ListDeliveries', { NextToken, Status: 500 })).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining('Parameter NextToken is not valid. Reason: It does not come from a list'),
    });
  });

  test.each<[string, JsonObject, string]>([
    ['Outcome', { Outcome: 'lost' }, "'outcome' failed to satisfy constraint"],
    ['Status', { Status: 600 }, "'status' failed to satisfy constraint"],
    ['Limit', { Limit: 101 }, "'limit' failed to satisfy constraint"],
    ['EventId', { EventId: '' }, "'eventId' failed to satisfy constraint"],
    ['After', { After: 5, Before: 5 }, 'Parameter After is not valid. Reason: It is not earlier than Before.'],
    ['a member that it does not have', { Statuss: 5 }, 'Statuss'],
  ])('ListDeliveries refuses an invalid value of %s', async (_member, input, message) => {
    await expect(call('ListDeliveries', input)).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining(message),
    });
  });
});

describe('GetDelivery', () => {
  const asked = { EventId: 'event-1', ApiDestinationName: 'orders' };

  test('GetDelivery shows every attempt in its order, and the delivery as its last attempt left it', async () => {
    record(failed);
    await clock.advance(1500);
    record({ ...delivered, ...names });
    const { Attempts, ...delivery } = await call('GetDelivery', asked);
    expect(delivery).toMatchObject({ EventId: 'event-1', Outcome: 'delivered', AttemptsMade: 2, TargetId: 'target-1' });
    expect(Attempts).toEqual([
      expect.objectContaining({
        Outcome: 'deferred',
        AttemptsMade: 1,
        Answer: 'no',
        NextAttemptAt: nowMs / 1000 + 1.5,
      }),
      {
        ConcludedAt: nowMs / 1000 + 1.5,
        Outcome: 'delivered',
        AttemptsMade: 2,
        DurationMilliseconds: 20,
        Status: 204,
      },
    ]);
  });

  test('GetDelivery says that the history does not have a delivery', async () => {
    await expect(call('GetDelivery', asked)).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });

  test('GetDelivery wants Rule or TargetId when several targets sent the event to the same API destination', async () => {
    record({ ...delivered, ...names, attempts: 1 });
    record({ ...delivered, ...names, targetId: 'target-2', attempts: 2 });
    record({ ...delivered, ...names, rule: arnOf('again'), attempts: 3 });
    await expect(call('GetDelivery', asked)).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining(`3 targets sent this event to this API destination. Give the Rule or TargetId`),
    });
    await expect(call('GetDelivery', { ...asked, Rule: 'to-orders' })).rejects.toThrow("TargetId 'target-2'");
    expect(await call('GetDelivery', { ...asked, TargetId: 'target-2' })).toMatchObject({ AttemptsMade: 2 });
    expect(await call('GetDelivery', { ...asked, Rule: 'again' })).toMatchObject({ AttemptsMade: 3 });
    expect(await call('GetDelivery', { ...asked, Rule: arnOf('again') })).toMatchObject({ AttemptsMade: 3 });
    const key = { Rule: arnOf('to-orders'), TargetId: 'target-1' };
    expect(await call('GetDelivery', { ...asked, ...key })).toMatchObject({ AttemptsMade: 1 });
  });

  test('GetDelivery without Rule and TargetId finds the delivery that no rule has sent', async () => {
    record({ ...delivered, ...names, attempts: 1 });
    record({ ...delivered, eventId: 'event-1', apiDestination: 'orders', attempts: 2 });
    expect(await call('GetDelivery', asked)).toMatchObject({ AttemptsMade: 2 });
  });
});

describe('GetConclusions', () => {
  const positionIn = ({ NextPosition }: JsonObject): string => String(NextPosition);
  const positionOfNow = async () => positionIn(await call('GetConclusions', {}));

  test('GetConclusions without a position answers with the current position only', async () => {
    record({ ...delivered, ...names });
    expect(await call('GetConclusions', {})).toEqual({ Conclusions: [], NextPosition: expect.any(String) });
  });

  test('GetConclusions answers with each record after a position once, with the names of its delivery', async () => {
    const Position = await positionOfNow();
    record(failed);
    record({ ...delivered, ...names });
    const first = await call('GetConclusions', { Position, Limit: 1 });
    expect(first['Conclusions']).toEqual([
      {
        EventId: 'event-1',
        ApiDestinationName: 'orders',
        Rule: arnOf('to-orders'),
        TargetId: 'target-1',
        Source: 'shop',
        DetailType: 'Order Placed',
        ConcludedAt: nowMs / 1000,
        Outcome: 'deferred',
        AttemptsMade: 1,
        DurationMilliseconds: 35.5,
        RateWaitMilliseconds: 10,
        Status: 500,
        Code: 'EndpointFailed',
        Reason: 'The endpoint answered 500.',
        Answer: 'no',
        NextAttemptAt: nowMs / 1000 + 1.5,
        WaitsFor: 'backoff',
      },
    ]);
    const rest = await call('GetConclusions', { Position: positionIn(first) });
    expect(rest).toMatchObject({ Conclusions: [{ Outcome: 'delivered', AttemptsMade: 2 }] });
    expect(await call('GetConclusions', { Position: positionIn(rest) })).toMatchObject({ Conclusions: [] });
  });

  test('GetConclusions has as many records as Limit, and without it at most 100', async () => {
    const Position = await positionOfNow();
    for (let index = 0; index < 101; index += 1) record({ ...delivered, ...names, eventId: `event-${index}` });
    const counts = [3, undefined].map(async (limit) => {
      const answer = await call('GetConclusions', { Position, ...(limit && { Limit: limit }) });
      return (answer['Conclusions'] as readonly unknown[]).length;
    });
    expect(await Promise.all(counts)).toEqual([3, 100]);
  });

  test('GetConclusions has only records that match the filters', async () => {
    const Position = await positionOfNow();
    record(failed);
    record({ ...delivered, ...names });
    for (const filter of [{ Outcome: 'delivered' }, { Status: 204 }]) {
      const { Conclusions } = await call('GetConclusions', { Position, ...filter });
      expect(Conclusions).toMatchObject([{ Outcome: 'delivered' }]);
    }
  });
});

describe('a deployed stack', () => {
  const deployed = callWith(createHistoryOperations({}));

  test('a deployed stack refuses ListDeliveries with a query of Logs Insights that has the same filters', async () => {
    const input = {
      EventId: 'a"b\\',
      ApiDestinationName: 'orders',
      Rule: 'to-orders',
      Outcome: 'dead-lettered',
      Code: 'TimedOut',
      Status: 500,
      Text: 'a/b (c)',
      After: nowMs / 1000,
      Before: nowMs / 1000 + 1,
    };
    await expect(deployed('ListDeliveries', input)).rejects.toMatchObject({
      code: 'OperationDisabledException',
      message: [
        'Failed to list the deliveries. The history of a deployed stack is in CloudWatch Logs, in the log groups of the functions deliver and deliver-queued.',
        'Query them with Logs Insights: fields @timestamp, outcome, apiDestination, eventId, detailType, rule, attempt, status, code, reason, answer, durationMs, rateWaitMs, nextAttemptAt, waitsFor',
        String.raw`| filter message = "delivery.concluded" and eventId = "a\"b\\" and (apiDestination = "orders" or apiDestination like ":api-destination/orders/") and rule like "/to-orders" and outcome = "dead-lettered" and code = "TimedOut" and status = 500 and (reason like /(?i)a\/b \(c\)/ or answer like /(?i)a\/b \(c\)/) and toMillis(@timestamp) >= 1767225600000 and toMillis(@timestamp) < 1767225601000`,
        '| sort @timestamp desc',
      ].join(' '),
    });
  });

  test('a deployed stack refuses GetDelivery with a query of Logs Insights for the event and its rule', async () => {
    const input = { EventId: 'event-1', ApiDestinationName: 'orders', Rule: arnOf('to-orders') };
    await expect(deployed('GetDelivery', input)).rejects.toMatchObject({
      code: 'OperationDisabledException',
      message: expect.stringMatching(
        /^Failed to describe the delivery\. .+ eventId = "event-1" and .+ and rule = "arn:aws:events:us-east-1:123456789012:rule\/to-orders" \| sort @timestamp desc$/,
      ),
    });
  });

  test('a deployed stack refuses GetConclusions with a query of Logs Insights that has the same filters', async () => {
    await expect(deployed('GetConclusions', { Status: 500 })).rejects.toMatchObject({
      code: 'OperationDisabledException',
      message: expect.stringMatching(/^Failed to get the conclusions\. .+ and status = 500 \| sort @timestamp desc$/),
    });
  });
});
