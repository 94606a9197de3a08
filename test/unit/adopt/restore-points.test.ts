import { expect, test } from 'vitest';
import { formatState, parseState, restorationOf, withPlan } from '../../../lib/adopt/restore-points.ts';
import { emptyLastmile } from '../../../lib/adopt/descriptions.ts';
import { makePlan } from '../../../lib/adopt/plan.ts';
import { eventBridge, rule, target } from './adopt-story.ts';

const before = target('t1', { Input: '"old"' });
const after = target('t1', { Input: '"new"' });
const point = { eventBusName: 'default', rule: 'placed', id: 't1', before, after };
const added = { eventBusName: 'default', rule: 'placed', id: 't1', after };

test.each([
  ['what this tool has put', point, [after], { action: 'put', target: before }],
  ['as it was', point, [before], { action: 'none' }],
  ['changed by somebody', point, [target('t1', { Input: '"third"' })], { action: 'leave' }],
  ['removed by somebody', point, [], { action: 'leave' }],
])('a replaced target that is %s is restored, kept or reported', (_what, known, present, expected) => {
  expect(restorationOf(known, present)).toMatchObject(expected);
});

test.each([
  ['is there', [after], { action: 'remove', id: 't1' }],
  ['is gone', [], { action: 'none' }],
  ['was changed by somebody', [before], { action: 'leave' }],
])('an added target that %s is removed or left', (_what, present, expected) => {
  expect(restorationOf(added, present)).toMatchObject(expected);
});

test('the order of members makes no difference', () => {
  const { Id, ...others } = after;
  expect(restorationOf(point, [{ ...others, Id }])).toMatchObject({ action: 'put' });
});

const state = { account: '123456789012', region: 'eu-central-1', points: [] };

test('the state keeps the target that a plan is going to change, and reads it back byte for byte', () => {
  const old = target('t1', { Input: '"<old>"' });
  const options = { stage: 'prod', rules: [], copySecrets: false };
  const plan = makePlan(eventBridge([rule('placed', [old])]), emptyLastmile, options);
  const text = formatState(withPlan(withPlan(state, plan), plan));
  const { points } = parseState(text, '123456789012', 'eu-central-1');
  expect(points).toHaveLength(1);
  expect(JSON.stringify(points[0]?.before)).toBe(JSON.stringify(old));
});

test.each([
  ['is not JSON', 'x', /has written/],
  ['is of another account', formatState({ ...state, account: '999999999999' }), /account 999999999999/],
  ['is of another region', formatState({ ...state, region: 'us-east-1' }), /us-east-1/],
  ['has an entry without a target', formatState({ ...state, points: [{ ...added, after: {} as never }] }), /changed/],
])('a state file that %s is refused', (_what, text, reason) => {
  expect(() => parseState(text, '123456789012', 'eu-central-1')).toThrow(reason);
});
