import { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { createReplayOperation } from '../../../../lib/control/history/replay-delivery.ts';
import type { Conclusion } from '../../../../lib/core/delivery/delivery.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { createDeadLetters } from '../../../../lib/delivery/redrive/dead-letters.ts';
import { SqliteDeliveryHistory } from '../../../../lib/local/history/sqlite-history.ts';
import { readLastmileInput } from '../../../../lib/protocol/routes.ts';
import type { InMemoryDeadLetterMessages } from '../../../fakes/in-memory-dead-letter-messages.ts';
import { createInMemoryDeadLetterMessages } from '../../../fakes/in-memory-dead-letter-messages.ts';
import type { InMemoryDeliveryQueue } from '../../../fakes/in-memory-delivery-queue.ts';
import { createInMemoryDeliveryQueue } from '../../../fakes/in-memory-delivery-queue.ts';
import type { InMemoryKeptEvents } from '../../../fakes/in-memory-kept-events.ts';
import { createInMemoryKeptEvents } from '../../../fakes/in-memory-kept-events.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { deadLetterOf, failedDelivery } from '../../core/message/dead-letters.ts';
import { caller } from '../world.ts';

const nowMs = Date.UTC(2026, 0, 1);
const rule = 'arn:aws:events:us-east-1:123456789012:rule/shop';
const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
const asked = { EventId: 'e1', ApiDestinationName: 'orders' };

let lying: InMemoryDeadLetterMessages;
let queue: InMemoryDeliveryQueue;
let kept: InMemoryKeptEvents;
let record: (conclusion: Partial<Conclusion>) => void;
let replay: (input: JsonObject, where?: 'local' | 'deployed' | 'deployed without kept events') => Promise<JsonObject>;

beforeEach(() => {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  const clock = createManualClock(nowMs);
  const reportFault = (error: unknown): void => expect.unreachable(String(error));
  const history = new SqliteDeliveryHistory({ database, nowMs: clock.nowMs, reportFault });
  const known = { eventId: 'e1', apiDestination: 'orders', attempts: 1, durationMs: 5 };
  record = (conclusion) =>
    history.logOf(caller.region).record({ settlement: { kind: 'delivered' }, ...known, ...conclusion });
  lying = createInMemoryDeadLetterMessages(clock);
  queue = createInMemoryDeliveryQueue();
  kept = createInMemoryKeptEvents(clock.nowMs);
  const deadLetters = createDeadLetters({ deadLetters: lying, queue, clock, apiDestination: undefined });
  const stacks = {
    local: createReplayOperation({ deadLetters, queue, history, keptEvents: kept }),
    deployed: createReplayOperation({ deadLetters, queue, keptEvents: kept }),
    'deployed without kept events': createReplayOperation({ deadLetters, queue }),
  };
  replay = async (input, where = 'local') => {
    const perform = stacks[where]['ReplayDelivery'];
    if (perform === undefined) throw new Error('There is no such operation.');
    return perform(readLastmileInput('ReplayDelivery', input), caller);
  };
});

async function keep(id = 'e1', members: Parameters<typeof failedDelivery>[1] = {}): Promise<string> {
  const [location] = await kept.keep([failedDelivery(id, members)], new AbortController().signal);
  return location ?? '';
}

test('the kept event of a delivered event is sent again as a new delivery, with its id, text, rule, target and trace', async () => {
  const location = await keep('e1', { rule, target: { Id: 't1' }, trace });
  record({ rule, targetId: 't1', kept: location });
  const answer = { ReplayedFrom: 'KEPT_EVENT', ...asked, Rule: rule, TargetId: 't1', KeptAt: location };
  expect(await replay(asked)).toEqual(answer);
  const { event } = failedDelivery('e1');
  const made = { attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };
  const delivery = { apiDestination: 'orders', event, rule, target: { Id: 't1' }, trace, ...made };
  expect(queue.sent).toEqual([{ group: 'orders', queued: { delivery } }]);
});

test('a dead letter is replayed before the kept event of the same delivery', async () => {
  const location = await keep();
  record({ settlement: { kind: 'dead-lettered' }, kept: location });
  lying.put(deadLetterOf('e1'));
  expect(await replay({ ...asked, KeptAt: location })).toMatchObject({ ReplayedFrom: 'DEAD_LETTER' });
  expect(queue.sent).toHaveLength(1);
});

test('a dead letter that cannot be read does not stop a replay from the kept event that the caller names', async () => {
  const location = await keep();
  record({ settlement: { kind: 'dead-lettered' }, kept: location });
  lying.put({ body: JSON.stringify({ apiDestination: 'orders', event: { id: 'e1' }, rule: '' }), attributes: {} });
  await expect(replay(asked)).rejects.toThrow('If GetDelivery shows where the event is kept');
  expect(queue.sent).toEqual([]);
  expect(await replay({ ...asked, KeptAt: location })).toMatchObject({ ReplayedFrom: 'KEPT_EVENT' });
  expect(queue.sent).toHaveLength(1);
});

test('a replay does not use the kept event while another replay may hold the dead letter, unless the caller names it', async () => {
  const location = await keep();
  record({ settlement: { kind: 'dead-lettered' }, kept: location });
  await expect(replay(asked)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: expect.stringMatching(
      `^Failed to replay the delivery\\. None of the 0 .* hide the dead letter for up to 90 seconds: try again then\\. If nobody else is moving it now, call ReplayDelivery with KeptAt '${location}'\\.$`,
    ),
  });
  expect(queue.sent).toEqual([]);
  expect(await replay({ ...asked, KeptAt: location })).toMatchObject({ ReplayedFrom: 'KEPT_EVENT', KeptAt: location });
});

test('the kept event of a delivery that still waits is not replayed, even if the caller names it', async () => {
  const location = await keep();
  record({
    settlement: { kind: 'deferred', notBeforeMs: nowMs + 1500 },
    kept: location,
    nextAttemptAtMs: nowMs + 1500,
  });
  for (const input of [asked, { ...asked, KeptAt: location }])
    await expect(replay(input)).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining("its outcome is 'deferred', so it is attempted again without a replay, at 2026"),
    });
  expect(queue.sent).toEqual([]);
});

test('the kept event is chosen by rule or target when the history knows several deliveries', async () => {
  for (const Id of ['t1', 't2']) record({ targetId: Id, kept: await keep('e1', { target: { Id } }) });
  await expect(replay(asked)).rejects.toThrow(/2 targets sent this event .* TargetId 't1', .*'t2'\.$/);
  expect(await replay({ ...asked, TargetId: 't2' })).toMatchObject({ TargetId: 't2' });
});

test('ReplayDelivery of a deployed stack replays the kept event that the caller names', async () => {
  const location = await keep();
  expect(await replay({ ...asked, KeptAt: location }, 'deployed')).toMatchObject({ ReplayedFrom: 'KEPT_EVENT' });
  await expect(replay(asked, 'deployed')).rejects.toThrow(
    'If its line in the log has the member kept, call ReplayDelivery with this text as KeptAt.',
  );
});

test.each<[string, Parameters<typeof keep>, JsonObject]>([
  ['another event', ['e2'], {}],
  ['another API destination', ['e1', { apiDestination: 'others' }], {}],
  ['another rule', ['e1', { rule }], { Rule: 'other' }],
  ['another target', ['e1', { target: { Id: 't2' } }], { TargetId: 't1' }],
])('ReplayDelivery refuses a location at which %s is kept', async (_what, members, target) => {
  const location = await keep(...members);
  await expect(replay({ ...asked, ...target, KeptAt: location }, 'deployed')).rejects.toMatchObject({
    code: 'ValidationException',
    message: `Failed to replay the delivery. The event that is kept at '${location}' is of another delivery. GetDelivery shows the KeptAt of each delivery.`,
  });
  expect(queue.sent).toEqual([]);
});

test.each(['local', 'deployed'] as const)(
  'ReplayDelivery of a %s stack says when a kept event is gone',
  async (where) => {
    const location = await keep();
    kept.objects.clear();
    record({ kept: location });
    await expect(replay({ ...asked, ...(where === 'deployed' && { KeptAt: location }) }, where)).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      message: `Failed to replay the delivery. Nothing is kept at '${location}'. A kept event is deleted when its time is over. Send the event again with PutEvents.`,
    });
  },
);

test('ReplayDelivery refuses a damaged kept event with the reason, and without its text', async () => {
  const location = await keep();
  kept.objects.set(location.split('#')[0] ?? '', '{"body":"canary","attributes":{"LASTMILE":"{}"}}');
  await expect(replay({ ...asked, KeptAt: location }, 'deployed')).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringMatching(/The kept event cannot be read\. Invalid(?!.*canary)/),
  });
});

test('ReplayDelivery of a stack that keeps no events names the parameter that keeps them', async () => {
  await expect(replay({ ...asked, KeptAt: 'events/1' }, 'deployed without kept events')).rejects.toThrow(
    'This stack keeps no events. Deploy it with the parameter keepEventsDays to replay later events.',
  );
});

test('a kept event that the delivery queue refuses is not replayed, and the refusal has the reason', async () => {
  record({ kept: await keep() });
  queue.failWith(new Failure('MessageRefused', 'no'));
  await expect(replay(asked)).rejects.toMatchObject({
    code: 'ValidationException',
    message: 'Failed to replay the delivery. The kept event cannot be delivered again. MessageRefused: no',
  });
});

test.each<[string, (error: Failure) => void]>([
  ['the delivery queue', (error) => queue.failWith(error)],
  ['the store of kept events', (error) => kept.failWith(error)],
])('a replay fails when %s does not answer', async (_which, fail) => {
  record({ kept: await keep() });
  const down = new Failure('StoreUnavailable', 'down');
  fail(down);
  await expect(replay(asked)).rejects.toBe(down);
});

test('a replay that has not read all dead letters says so, and does not call the delivery unknown', async () => {
  const none = async () => ({ kind: 'none', readCount: 10_000, isWhole: false }) as const;
  const deadLetters = { replay: none, list: () => expect.unreachable() };
  const history = { list: () => expect.unreachable(), get: async () => [], recordsAfter: () => expect.unreachable() };
  for (const known of [{}, { history }]) {
    const operations = createReplayOperation({ deadLetters, queue, ...known });
    await expect(operations['ReplayDelivery']?.(asked, caller)).rejects.toMatchObject({
      code: 'LimitExceededException',
      message: expect.stringContaining(
        'None of the 10000 dead letters that were read is of this delivery. The queue has more',
      ),
    });
  }
});
