import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createDeadLetterOperations } from '../../../../lib/control/history/dead-letter-operations.ts';
import { createReplayOperation } from '../../../../lib/control/history/replay-delivery.ts';
import type { Conclusion } from '../../../../lib/core/delivery/delivery.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { createDeadLetters } from '../../../../lib/delivery/redrive/dead-letters.ts';
import { SqliteDeliveryHistory } from '../../../../lib/local/history/sqlite-history.ts';
import { readLastmileInput } from '../../../../lib/protocol/routes.ts';
import type { InMemoryDeadLetterMessages } from '../../../fakes/in-memory-dead-letter-messages.ts';
import { createInMemoryDeadLetterMessages } from '../../../fakes/in-memory-dead-letter-messages.ts';
import { createInMemoryDeliveryQueue } from '../../../fakes/in-memory-delivery-queue.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { deadLetterOf } from '../../core/message/dead-letters.ts';
import { caller } from '../world.ts';

const nowMs = Date.UTC(2026, 0, 1);
const ruleOf = (name: string): string => `arn:aws:events:us-east-1:123456789012:rule/${name}`;

let lying: InMemoryDeadLetterMessages;
let clock: ReturnType<typeof createManualClock>;
let record: (conclusion: Partial<Conclusion>) => void;
let call: (operation: string, input: JsonObject, where?: 'local' | 'deployed') => Promise<JsonObject>;

beforeEach(() => {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  clock = createManualClock(nowMs);
  const reportFault = (error: unknown): void => expect.unreachable(String(error));
  const history = new SqliteDeliveryHistory({ database, nowMs: clock.nowMs, reportFault });
  const known = { eventId: 'e1', apiDestination: 'orders', attempts: 1, durationMs: 5 };
  record = (conclusion) =>
    history.logOf(caller.region).record({ settlement: { kind: 'delivered' }, ...known, ...conclusion });
  lying = createInMemoryDeadLetterMessages(clock);
  const queue = createInMemoryDeliveryQueue();
  const deadLetters = createDeadLetters({ deadLetters: lying, queue, clock, apiDestination: undefined });
  const local = {
    ...createDeadLetterOperations({ deadLetters }),
    ...createReplayOperation({ deadLetters, queue, history }),
  };
  const deployed = createReplayOperation({ deadLetters, queue });
  call = async (operation, input, where = 'local') => {
    const perform = (where === 'local' ? local : deployed)[operation];
    if (perform === undefined) throw new Error(`There is no operation ${operation}.`);
    return perform(readLastmileInput(operation, input), caller);
  };
});

const shown = {
  EventId: 'e1',
  ApiDestinationName: 'orders',
  Rule: ruleOf('shop'),
  TargetId: 't1',
  Source: 'shop',
  DetailType: 'Order Placed',
  MessageId: 'message-1',
  DeadLetteredAt: nowMs / 1000,
  ErrorCode: 'ERROR_FROM_TARGET',
  Code: 'EndpointRejected',
  ErrorMessage: 'EndpointRejected: The endpoint answered 400.',
  Status: 400,
  AttemptsMade: 3,
  SizeBytes: expect.any(Number),
};
const put = (id: string, members: Parameters<typeof deadLetterOf>[1] = {}) => lying.put(deadLetterOf(id, members));
const asked = { EventId: 'e1', ApiDestinationName: 'orders' };

describe('ListDeadLetters', () => {
  test('ListDeadLetters shows a dead letter with its time in epoch seconds, and how much of the queue it has read', async () => {
    put('e1', { rule: ruleOf('shop'), target: { Id: 't1' } });
    expect(await call('ListDeadLetters', {})).toEqual({ DeadLetters: [shown], MessagesRead: 1, Complete: true });
  });

  test('ListDeadLetters says why a dead letter cannot be delivered again', async () => {
    lying.put({ body: 'canary', attributes: {} });
    const DeadLetters = [
      {
        MessageId: 'message-1',
        DeadLetteredAt: nowMs / 1000,
        SizeBytes: 6,
        UnreadableReason: 'InvalidJson: The message is not JSON.',
      },
    ];
    expect(await call('ListDeadLetters', {})).toEqual({ DeadLetters, MessagesRead: 1, Complete: true });
  });

  test.each<[string, JsonObject, string]>([
    ['EventId', { EventId: 'e2' }, 'e2'],
    ['ApiDestinationName', { ApiDestinationName: 'others' }, 'e2'],
    ['EventBridge’s code in ErrorCode', { ErrorCode: 'TIMEOUT' }, 'e2'],
    ['our code in ErrorCode', { ErrorCode: 'EndpointRejected' }, 'e1'],
    ['After', { After: nowMs / 1000 + 0.5 }, 'e2'],
    ['Before', { Before: nowMs / 1000 + 1 }, 'e1'],
  ])('ListDeadLetters filters by %s', async (_name, filter, expected) => {
    put('e1');
    clock.set(nowMs + 1000);
    put('e2', { apiDestination: 'others', code: 'TimedOut' });
    expect(await call('ListDeadLetters', filter)).toMatchObject({ DeadLetters: [{ EventId: expected }] });
    expect(await call('ListDeadLetters', filter)).toHaveProperty('DeadLetters.length', 1);
  });

  test('ListDeadLetters gives pages, and refuses the token of a list with other filters', async () => {
    for (const id of ['e1', 'e2', 'e3']) put(id);
    const ids: unknown[] = [];
    const first = await call('ListDeadLetters', { Limit: 2 });
    const rest = await call('ListDeadLetters', { Limit: 2, NextToken: first['NextToken'] ?? '' });
    for (const { DeadLetters } of [first, rest])
      ids.push(...(DeadLetters as JsonObject[]).map(({ EventId }) => EventId));
    expect([ids, rest['NextToken']]).toEqual([['e1', 'e2', 'e3'], undefined]);
    await expect(call('ListDeadLetters', { EventId: 'e1', NextToken: first['NextToken'] ?? '' })).rejects.toThrow(
      'Failed to list the dead letters. Parameter NextToken is not valid. Reason: It does not come from a list with the same filters. Leave it out to get the first page.',
    );
  });

  test('ListDeadLetters refuses a time span that ends before it begins', async () => {
    await expect(call('ListDeadLetters', { After: 2, Before: 1 })).rejects.toThrow(
      'Failed to list the dead letters. Parameter After is not valid. Reason: It is not earlier than Before.',
    );
  });
});

describe('ReplayDelivery', () => {
  test('ReplayDelivery moves the dead letter and shows it', async () => {
    put('e1', { rule: ruleOf('shop'), target: { Id: 't1' } });
    expect(await call('ReplayDelivery', { ...asked, Rule: 'shop', TargetId: 't1' })).toEqual({
      ReplayedFrom: 'DEAD_LETTER',
      EventId: 'e1',
      ApiDestinationName: 'orders',
      Rule: ruleOf('shop'),
      TargetId: 't1',
      DeadLetter: shown,
      OtherDeadLetters: 0,
      DeadLetterRemains: false,
    });
    expect(lying.present).toEqual([]);
  });

  test('ReplayDelivery lists the targets when several have a dead letter', async () => {
    put('e1', { rule: ruleOf('shop'), target: { Id: 't1' } });
    put('e1');
    await expect(call('ReplayDelivery', { ...asked, TargetId: 't2' })).rejects.toThrow('None of the 2 dead letters');
    put('e1', { rule: ruleOf('shop'), target: { Id: 't2' } });
    await expect(call('ReplayDelivery', { ...asked, Rule: 'shop' })).rejects.toMatchObject({
      code: 'ValidationException',
      message: `Failed to replay the delivery. 2 targets sent this event to this API destination. Give the Rule or TargetId of one: Rule '${ruleOf('shop')}' TargetId 't1', Rule '${ruleOf('shop')}' TargetId 't2'.`,
    });
  });

  test('ReplayDelivery says which message cannot be delivered again, and why', async () => {
    const body = JSON.stringify({ apiDestination: 'orders', event: { id: 'e1' }, rule: '' });
    lying.put({ body, attributes: {} });
    await expect(call('ReplayDelivery', asked)).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringMatching(
        /^Failed to replay the delivery\. Its dead letter, the message 'message-1', cannot be delivered again\. InvalidDelivery: rule /,
      ),
    });
  });

  const waiting = { kind: 'deferred', notBeforeMs: nowMs + 1500 } as const;
  test.each<[string, string, Partial<Conclusion> | undefined, RegExp]>([
    [
      'that the history does not know',
      'ResourceNotFoundException',
      undefined,
      /The history has no such delivery either/,
    ],
    [
      'that was delivered',
      'ResourceNotFoundException',
      {},
      /It was delivered at 2026-01-01T00:00:00.000Z, and its event is not kept\. Send the event again with PutEvents\.$/,
    ],
    [
      'whose dead letter is not in the queue',
      'ResourceNotFoundException',
      { settlement: { kind: 'dead-lettered' } },
      /It became a dead letter at 2026-01-01T00:00:00.000Z\. Somebody has moved or deleted it/,
    ],
    [
      'that is still attempted',
      'ValidationException',
      { settlement: waiting, nextAttemptAtMs: nowMs + 1500 },
      /its outcome is 'deferred', so it is attempted again without a replay, at 2026-01-01T00:00:01.500Z or later\.$/,
    ],
  ])('ReplayDelivery refuses a delivery %s with %s', async (_which, code, conclusion, text) => {
    if (conclusion !== undefined) record(conclusion);
    await expect(call('ReplayDelivery', asked)).rejects.toMatchObject({ code, message: expect.stringMatching(text) });
  });

  test('ReplayDelivery lists the targets when the history knows several and none has a dead letter', async () => {
    for (const targetId of ['t1', 't2']) record({ targetId });
    await expect(call('ReplayDelivery', asked)).rejects.toThrow(
      /2 targets sent this event .* TargetId 't1', .*'t2'\.$/,
    );
  });

  test('a deployed ReplayDelivery without a dead letter says what may have become of the event', async () => {
    await expect(call('ReplayDelivery', asked, 'deployed')).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      message: expect.stringMatching(
        /^Failed .* None of the 0 dead letters .* If it was delivered or is still attempted/,
      ),
    });
  });
});
