import { expect, test } from 'vitest';
import { namesOf } from '../../../../lib/core/delivery/delivery-names.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { withDeadline } from '../../../../lib/delivery/deadline.ts';
import { createRedrive } from '../../../../lib/delivery/redrive/redrive.ts';
import type { AskedReplay } from '../../../../lib/ports/dead-letters.ts';
import { InjectedFault } from '../../../fakes/faults.ts';
import { deadLetterOf } from '../../core/message/dead-letters.ts';
import { createDeadLetterParts } from './dead-letter-parts.ts';

const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
const ruleOf = (name: string): string => `arn:aws:events:us-east-1:123456789012:rule/${name}`;

function setUp() {
  const { clock, faults, lying, queue, dependencies, letters, put } = createDeadLetterParts();
  const redrive = createRedrive(dependencies);
  return {
    clock,
    faults,
    lying,
    queue,
    put,
    replay: (asked: Partial<AskedReplay> = {}) => letters.replay({ eventId: 'e1', apiDestination: 'orders', ...asked }),
    redriveAll: () => withDeadline(clock, 60_000, (deadline) => redrive({ dryRun: false }, deadline)),
    sentIds: () => queue.sent.map(({ queued }) => namesOf(queued.delivery).eventId),
  };
}

test('a replay moves the dead letter of one event, which keeps its id, its trace and its text, and starts again', async () => {
  const { clock, lying, queue, put, replay } = setUp();
  const others = [put('e0'), put('e1', { apiDestination: 'others' })];
  const moved = put('e1', { trace, rule: ruleOf('shop'), target: { Id: 't1' } });
  expect(await replay()).toEqual({
    kind: 'moved',
    deadLetter: expect.objectContaining({ messageId: moved, eventId: 'e1', targetId: 't1' }),
    others: 0,
    remains: false,
  });
  expect(queue.sent).toMatchObject([
    {
      group: 'orders',
      queued: {
        delivery: {
          event: { text: expect.stringContaining('"id":"e1"') },
          trace,
          rule: ruleOf('shop'),
          target: { Id: 't1' },
          attempts: 0,
          postponements: 0,
          firstReceivedAtMs: clock.nowMs(),
        },
      },
    },
  ]);
  expect(lying.visible).toEqual(others);
});

test('a replay moves the latest of several dead letters of one target, and counts the others', async () => {
  const { clock, lying, put, replay } = setUp();
  const first = put('e1');
  clock.set(clock.nowMs() + 1000);
  const latest = put('e1');
  clock.set(clock.nowMs() - 500);
  const second = put('e1');
  expect(await replay()).toMatchObject({ kind: 'moved', deadLetter: { messageId: latest }, others: 2 });
  expect(lying.visible).toEqual([first, second]);
});

test('a replay moves nothing when several targets have a dead letter, and lists them, until one is named', async () => {
  const { lying, put, replay, sentIds } = setUp();
  put('e1', { rule: ruleOf('a'), target: { Id: 't1' } });
  put('e1', { rule: ruleOf('b'), target: { Id: 't1' } });
  const targets = ['a', 'b'].map((name) => expect.objectContaining({ rule: ruleOf(name), targetId: 't1' }));
  expect(await replay({ targetId: 't1' })).toEqual({ kind: 'several', targets });
  expect([sentIds(), lying.visible.length]).toEqual([[], 2]);
  expect(await replay({ rule: 'b' })).toMatchObject({ kind: 'moved', deadLetter: { rule: ruleOf('b') } });
  expect(await replay({ rule: 'b' })).toEqual({ kind: 'none', readCount: 1, isWhole: true });
  expect(await replay()).toMatchObject({ kind: 'moved', deadLetter: { rule: ruleOf('a') } });
});

test('a replay says why a dead letter cannot be delivered again, and leaves it in the queue', async () => {
  const { lying, replay, sentIds } = setUp();
  const body = JSON.stringify({ apiDestination: 'orders', event: { id: 'e1' }, target: { Id: 'a b' } });
  const messageId = lying.put({ body, attributes: {} });
  const reason = expect.stringMatching(/^InvalidDelivery: target.Id /);
  expect(await replay()).toMatchObject({ kind: 'unreadable', deadLetter: { messageId, unreadable: reason } });
  expect([sentIds(), lying.visible]).toEqual([[], [messageId]]);
});

test('a replay of one target does not blame the unreadable dead letter of another target', async () => {
  const { lying, replay } = setUp();
  const attributes = { LASTMILE: '{"v":1000,"apiDestination":"orders","target":{"Id":"t2"}}' };
  lying.put({ ...deadLetterOf('e1'), attributes });
  expect(await replay({ targetId: 't1' })).toMatchObject({ kind: 'none', readCount: 1 });
  expect(await replay({ targetId: 't2' })).toMatchObject({ kind: 'unreadable' });
});

test('a replay lists at most a hundred targets', async () => {
  const { put, replay } = setUp();
  for (let count = 0; count < 120; count += 1) put('e1', { target: { Id: `t${count}` } });
  expect(await replay()).toHaveProperty('targets.length', 100);
});

test('a replay prefers a dead letter that can be delivered again to a later one that cannot', async () => {
  const { clock, lying, put, replay } = setUp();
  const messageId = put('e1');
  clock.set(clock.nowMs() + 1000);
  lying.put({ ...deadLetterOf('e1'), attributes: { LASTMILE: '{"v":1000,"apiDestination":"orders"}' } });
  expect(await replay()).toMatchObject({ kind: 'moved', deadLetter: { messageId }, others: 1 });
});

test.each(['DeliveryTooLarge', 'MessageRefused'] as const)(
  'a replay leaves a dead letter in the queue that the delivery queue refuses with %s, and says so',
  async (code) => {
    const { lying, queue, put, replay } = setUp();
    const messageId = put('e1');
    queue.failWith(new Failure(code, 'no'));
    expect(await replay()).toMatchObject({ kind: 'unreadable', deadLetter: { unreadable: `${code}: no` } });
    expect(lying.visible).toEqual([messageId]);
  },
);

test('a replay whose delivery queue does not answer fails, and the dead letter stays', async () => {
  const { faults, lying, put, replay } = setUp();
  const messageId = put('e1');
  faults.fail('queue.send', 'before');
  await expect(replay()).rejects.toThrow(InjectedFault);
  expect(lying.visible).toEqual([messageId]);
});

test('a replay whose dead letter cannot be deleted says that it remains', async () => {
  const { faults, lying, put, replay, sentIds } = setUp();
  const messageId = put('e1');
  faults.fail('deadLetters.remove', 'before');
  expect(await replay()).toMatchObject({ kind: 'moved', remains: true });
  expect([sentIds(), lying.present]).toEqual([['e1'], [messageId]]);
});

test('a process that dies between the two steps of a replay leaves a dead letter that is replayed once more, so nothing is lost', async () => {
  const { clock, faults, lying, put, replay, sentIds } = setUp();
  put('e1');
  const held = faults.hold('deadLetters.remove');
  void replay();
  await held.reached;
  expect([sentIds(), lying.visible.length]).toEqual([['e1'], 0]);
  clock.set(clock.nowMs() + 45_000);
  expect(await replay()).toMatchObject({ kind: 'moved' });
  expect([sentIds(), lying.present]).toEqual([['e1', 'e1'], []]);
});

test('of two replays at once, one moves the dead letter and the other finds none', async () => {
  const { faults, put, replay, sentIds } = setUp();
  put('e1');
  const held = faults.hold('queue.send');
  const first = replay();
  await held.reached;
  expect(await replay()).toEqual({ kind: 'none', readCount: 0, isWhole: true });
  held.release();
  expect(await first).toMatchObject({ kind: 'moved' });
  expect(sentIds()).toEqual(['e1']);
});

test('a redrive during a replay moves nothing that the replay has read, and the next redrive moves the rest', async () => {
  const { faults, put, replay, redriveAll, sentIds } = setUp();
  for (const id of ['e1', 'e2']) put(id);
  const held = faults.hold('queue.send');
  const replayed = replay();
  await held.reached;
  expect(await redriveAll()).toMatchObject({ moved: 0 });
  held.release();
  expect(await replayed).toMatchObject({ kind: 'moved' });
  expect(await redriveAll()).toMatchObject({ moved: 1 });
  expect(sentIds()).toEqual(['e1', 'e2']);
});

test('a replay during a redrive finds no dead letter that the redrive has read', async () => {
  const { faults, put, replay, redriveAll, sentIds } = setUp();
  put('e1');
  const held = faults.hold('queue.send');
  const redriven = redriveAll();
  await held.reached;
  expect(await replay()).toMatchObject({ kind: 'none', isWhole: true });
  held.release();
  await redriven;
  expect(sentIds()).toEqual(['e1']);
});
