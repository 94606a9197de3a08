import { expect, test } from 'vitest';
import { createPerformOperation } from '../../../lib/console/door/perform.ts';
import type { CallOperation } from '../../../lib/console/page/data/call.ts';
import { OperationError } from '../../../lib/console/page/data/call.ts';
import type { Redrive, RedriveProgress } from '../../../lib/console/page/dead-letters/redrive.ts';
import { canRedriveAlone, rateIn, redriveAll, redriveEach } from '../../../lib/console/page/dead-letters/redrive.ts';
import { reasonOf, remedies } from '../../../lib/console/page/dead-letters/remedies.ts';
import { failures } from '../../../lib/core/failure/failure.ts';

const deadLetter = (EventId: string) => ({
  EventId,
  ApiDestinationName: 'orders',
  MessageId: `message-${EventId}`,
  DeadLetteredAt: 1,
  SizeBytes: 10,
});

const result = { Moved: 0, Matched: 0, Kept: 0, NotDeliverable: [], NotDeliverableCount: 0, More: false, Before: 50 };

/** Runs a redrive whose calls get these answers, one after the other. */
async function run(
  redrive: Redrive,
  answers: readonly unknown[],
  { ratePerSecond = undefined as number | undefined, stopsAfter = Infinity } = {},
) {
  const calls: unknown[] = [];
  const reports: RedriveProgress[] = [];
  const controller = new AbortController();
  const call = ((operation: string, input: object) => {
    calls.push({ operation, ...input });
    if (calls.length >= stopsAfter) controller.abort();
    const answer = answers[calls.length - 1];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }) as CallOperation;
  await redrive({ call, ratePerSecond, signal: controller.signal, report: (progress) => reports.push(progress) });
  return { calls, reports, last: reports.at(-1) };
}

test('a redrive of all dead letters calls again until the queue is read, and never moves what the redrive itself has made', async () => {
  const answers = [
    { ...result, Moved: 500, More: true },
    { ...result, Moved: 3 },
  ];
  const { calls, last } = await run(redriveAll({ ErrorCode: 'TimedOut' }), answers);
  expect(calls).toEqual([
    { operation: 'RedriveDeadLetters', ErrorCode: 'TimedOut', Maximum: 500 },
    { operation: 'RedriveDeadLetters', ErrorCode: 'TimedOut', Before: 50, Maximum: 500 },
  ]);
  expect(last).toEqual({ moved: 503, notMoved: [] });
});

test.each([
  [0.1, 1],
  [5, 10],
  [10_000, 500],
])(
  'at %d dead letters a second, one call moves at most %d, so that a person sees progress',
  async (ratePerSecond, Maximum) => {
    const { calls } = await run(redriveAll({}), [result], { ratePerSecond });
    expect(calls).toEqual([{ operation: 'RedriveDeadLetters', RatePerSecond: ratePerSecond, Maximum }]);
  },
);

test('a redrive that moves nothing ends, and says so, even if the queue has more', async () => {
  const NotDeliverable = [{ MessageId: 'm-1', Reason: 'It is no delivery.' }];
  const { calls, last } = await run(redriveAll({}), [{ ...result, More: true, NotDeliverable }]);
  expect(calls).toHaveLength(1);
  expect(last).toEqual({
    moved: 0,
    notMoved: [{ name: 'Message m-1', reason: 'It is no delivery.' }],
    stopped: 'The last call moved none of the dead letters that it read.',
  });
});

test('a person stops a redrive of all dead letters between two calls', async () => {
  const { calls, last } = await run(redriveAll({}), [{ ...result, Moved: 5, More: true }], { stopsAfter: 1 });
  expect(calls).toHaveLength(1);
  expect(last).toMatchObject({ moved: 5, stopped: 'You have stopped it.' });
});

test('a redrive of selected dead letters goes on after a refusal, and reports its reason', async () => {
  const answers = [{}, new OperationError('ResourceNotFoundException', 'Somebody has moved it.'), {}];
  const pauses: number[] = [];
  const pause = (ms: number) => Promise.resolve(void pauses.push(ms));
  const letters = ['a', 'b', 'c'].map(deadLetter);
  const { last } = await run(redriveEach(letters, pause), answers, { ratePerSecond: 4 });
  expect(last).toEqual({ moved: 2, notMoved: [{ name: 'Event b', reason: 'Somebody has moved it.' }] });
  expect(pauses).toEqual([250, 250, 250]);
});

test('a person stops a redrive of selected dead letters before the next one', async () => {
  const { calls, last } = await run(
    redriveEach(['a', 'b'].map(deadLetter), () => Promise.resolve()),
    [{}],
    { stopsAfter: 1 },
  );
  expect(calls).toHaveLength(1);
  expect(last).toEqual({ moved: 1, notMoved: [], stopped: 'You have stopped it.' });
});

test.each([
  [{ ...deadLetter('a') }, true],
  [{ ...deadLetter('a'), EventId: undefined }, false],
  [{ ...deadLetter('a'), ApiDestinationName: undefined }, false],
  [{ ...deadLetter('a'), UnreadableReason: 'It is no JSON.' }, false],
])('whether the dead letter %j can be redriven alone is %j', (letter, can) => {
  expect(canRedriveAlone(letter as ReturnType<typeof deadLetter>)).toBe(can);
});

test.each([
  ['', undefined],
  ['0.1', 0.1],
  ['10000', 10_000],
  ['0.05', 'wrong'],
  ['10001', 'wrong'],
  ['often', 'wrong'],
])('the text %j means the rate %j', (text, rate) => {
  expect(rateIn(text)).toBe(rate);
});

test('every failure code has a remedy', () => {
  expect(Object.keys(remedies)).toEqual(Object.keys(failures));
});

test.each([
  ['TimedOut', 'TimedOut: No answer came.', 'No answer came.'],
  [undefined, 'ERROR: No answer came.', 'ERROR: No answer came.'],
  ['TimedOut', undefined, 'The message does not say.'],
])('a dead letter with the code %j and the message %j has the reason %j', (Code, ErrorMessage, reason) => {
  expect(reasonOf({ ...(Code && { Code }), ...(ErrorMessage && { ErrorMessage }) })).toBe(reason);
});

test('the door calls the function redrive with times as texts', async () => {
  const invoked: unknown[] = [];
  const perform = createPerformOperation((...call) => {
    invoked.push(call);
    const unreadable = [{ messageId: 'm-1', reason: 'It is no delivery.' }];
    const before = '2026-11-28T10:00:00.500Z';
    const output = { moved: 2, matched: 3, kept: 1, unreadable, unreadableCount: 1, more: true, before };
    return Promise.resolve({ output });
  });
  const input = { ApiDestinationName: 'orders', ErrorCode: 'TimedOut', After: 1.5, Maximum: 5, RatePerSecond: 2 };
  expect(await perform('RedriveDeadLetters', input, 'eu-west-1')).toEqual({
    output: {
      Moved: 2,
      Matched: 3,
      Kept: 1,
      NotDeliverable: [{ MessageId: 'm-1', Reason: 'It is no delivery.' }],
      NotDeliverableCount: 1,
      More: true,
      Before: Date.UTC(2026, 10, 28, 10) / 1000 + 0.5,
    },
  });
  await perform('CountDeadLetters', { Before: 60 }, 'eu-west-1');
  expect(invoked).toEqual([
    [
      'redrive',
      {
        apiDestination: 'orders',
        errorCode: 'TimedOut',
        after: '1970-01-01T00:00:01.500Z',
        maximum: 5,
        ratePerSecond: 2,
        dryRun: false,
      },
      'eu-west-1',
    ],
    ['redrive', { before: '1970-01-01T00:01:00.000Z', dryRun: true }, 'eu-west-1'],
  ]);
});
