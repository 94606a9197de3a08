import { expect, test } from 'vitest';
import { createConclusionLines } from '../../../lib/commands/deliveries/delivery-columns.ts';
import { follow } from '../../../lib/commands/deliveries/follow.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';

const entry = (EventId: string, ConcludedAt: number, members: JsonObject = {}): JsonObject => ({
  EventId,
  ApiDestinationName: 'orders',
  ConcludedAt,
  Outcome: 'delivered',
  AttemptsMade: 1,
  Status: 204,
  ...members,
});

/** Answers calls in turn, and ends the command when it has no more answers for GetConclusions. */
async function followed(
  lists: readonly JsonObject[],
  conclusions: readonly (readonly JsonObject[])[],
  options: { readonly input?: JsonObject; readonly limit?: number; readonly json?: boolean } = {},
) {
  const calls: (readonly [string, JsonObject])[] = [];
  const printed: string[] = [];
  const [listsLeft, conclusionsLeft] = [[...lists], [...conclusions]];
  let pauses = 0;
  const call = async (operation: string, input: JsonObject): Promise<JsonObject> => {
    calls.push([operation, input]);
    if (operation === 'ListDeliveries') return listsLeft.shift() ?? {};
    if (input['Position'] === undefined) return { Conclusions: [], NextPosition: '0' };
    const Conclusions = conclusionsLeft.shift();
    if (Conclusions === undefined) throw new Error('the end');
    return { Conclusions, NextPosition: String(Number(input['Position']) + Conclusions.length) };
  };
  const pause = async () => void (pauses += 1);
  const print = (line: string) => void printed.push(line);
  const following = follow({ input: {}, limit: 10, json: true, ...options, print, pause }, call);
  await expect(following).rejects.toThrow('the end');
  return { calls, printed, pauses };
}

const idsIn = (printed: readonly string[]) => printed.map((line) => (JSON.parse(line) as JsonObject)['EventId']);

test('lastmile history --follow prints the latest deliveries first, the newest last, and then each invocation as it ends', async () => {
  const { printed, pauses } = await followed(
    [{ Deliveries: [entry('b', 2), entry('a', 1)] }],
    [[], [entry('c', 3)], [entry('d', 4), entry('a', 5, { AttemptsMade: 2 })]],
  );
  expect(idsIn(printed)).toEqual(['a', 'b', 'c', 'd', 'a']);
  expect(pauses).toBe(3);
});

test('lastmile history --follow prints an invocation once that ends while the latest deliveries are listed', async () => {
  const { printed } = await followed([{ Deliveries: [entry('a', 1)] }], [[entry('a', 1), entry('b', 1)]]);
  expect(idsIn(printed)).toEqual(['a', 'b']);
});

test('lastmile history --follow asks for its position before the list, with the same filters but without the times', async () => {
  const { calls } = await followed([{}], [[]], { input: { Outcome: 'delivered', After: 5 }, limit: 3 });
  expect(calls.slice(0, 3)).toEqual([
    ['GetConclusions', { Outcome: 'delivered' }],
    ['ListDeliveries', { Outcome: 'delivered', After: 5, Limit: 3 }],
    ['GetConclusions', { Outcome: 'delivered', Limit: 100, Position: '0' }],
  ]);
});

test('lastmile history --follow asks again without a pause after a full answer', async () => {
  const many = Array.from({ length: 100 }, (_, index) => entry(`event-${index}`, index));
  const { printed, pauses } = await followed([{}], [many, [entry('last', 100)]]);
  expect(printed).toHaveLength(101);
  expect(pauses).toBe(1);
});

test('lastmile history reads as many pages of the latest deliveries as its limit needs', async () => {
  const pages = [
    { Deliveries: [entry('c', 3), entry('b', 2)], NextToken: 't' },
    { Deliveries: [entry('a', 1)], NextToken: 'u' },
  ];
  const { printed, calls } = await followed(pages, [], { limit: 3 });
  expect(idsIn(printed)).toEqual(['a', 'b', 'c']);
  expect(calls[2]?.[1]).toEqual({ Limit: 1, NextToken: 't' });
});

test('the columns of lastmile history --follow have their names once, above the first line, and a wider cell widens its column from then on', () => {
  const linesOf = createConclusionLines();
  const [time, outcome] = ['1970-01-01T00:00:01.000Z', 'delivered    '];
  expect(linesOf([])).toEqual([]);
  expect(linesOf([entry('a', 1)])).toEqual([
    'ended                     outcome        API destination  event  status    attempts   type and code',
    `${time}  ${outcome}  orders           a      HTTP 204  1 attempt`,
  ]);
  expect(linesOf([entry('event-10', 1)])).toEqual([
    `${time}  ${outcome}  orders           event-10  HTTP 204  1 attempt`,
  ]);
  expect(linesOf([entry('b', 1)])).toEqual([`${time}  ${outcome}  orders           b         HTTP 204  1 attempt`]);
});

test('a line of JSON has no character that a terminal may obey, and parses to the same text', async () => {
  const Answer = 'a\u007F\u009B2J\u202E\u2028\u{E0001}\u001B[31m é 😀';
  const { printed } = await followed([{ Deliveries: [entry('a', 1, { Answer })] }], [[]]);
  expect(printed[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(printed[0]).toContain('é 😀');
  expect(JSON.parse(printed[0] ?? '')).toMatchObject({ Answer });
});
