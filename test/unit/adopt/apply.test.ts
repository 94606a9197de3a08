import { expect, test } from 'vitest';
import { apply } from '../../../lib/adopt/apply.ts';
import type { Target } from '../../../lib/adopt/descriptions.ts';
import { emptyLastmile } from '../../../lib/adopt/descriptions.ts';
import { makePlan } from '../../../lib/adopt/plan.ts';
import { Progress } from '../../../lib/adopt/progress.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import { connectionArn, destination, eventBridge, rule, target } from './adopt-story.ts';

interface World {
  /** Answers of DescribeConnection, the last one again and again. */
  readonly described: readonly JsonObject[];
  /** The targets of the rule when they are about to be replaced. */
  readonly present: readonly Target[];
}

const authorized = { ConnectionArn: connectionArn('shop'), ConnectionState: 'AUTHORIZED' };
const source = eventBridge([rule('placed', [target('t1')])]);
const planOptions = { stage: 'prod', rules: [], copySecrets: false };

async function applied({ described = [authorized], present = [target('t1')] }: Partial<World>, from = source) {
  const lines: string[] = [];
  const order: string[] = [];
  const progress = new Progress((line) => lines.push(line));
  let looks = 0;
  let nowMs = 0;
  await apply(makePlan(from, emptyLastmile, planOptions), {
    async controlApi(operation): Promise<JsonObject> {
      order.push(operation);
      if (operation !== 'DescribeConnection') return { ConnectionArn: connectionArn('shop') };
      looks += 1;
      return described[looks - 1] ?? described.at(-1) ?? {};
    },
    ruleTargets: {
      list: async () => present,
      put: async (_bus, _rule, targets) => void order.push(`PutTargets ${targets.map(({ Id }) => Id).join()}`),
      remove: async () => void order.push('RemoveTargets'),
    },
    readSecret: () => Promise.reject(new Error('not asked for')),
    save: () => order.push('save'),
    clock: { nowMs: () => nowMs, delay: async (delayMs) => void (nowMs += delayMs) },
    progress,
  });
  return { lines, order, progress };
}

test('the targets are saved before the first change, and replaced last', async () => {
  const { order, progress } = await applied({});
  expect(order).toStrictEqual([
    'save',
    'CreateConnection',
    'PutConnectionPolicy',
    'DescribeConnection',
    'CreateApiDestination',
    'PutTargets t1',
  ]);
  expect(progress).toMatchObject({ done: 3, failed: 0, skipped: 0 });
});

test('a target that somebody has changed since the plan was made is not replaced', async () => {
  const { lines, order } = await applied({ present: [target('t1', { Input: '"new"' })] });
  expect(order).not.toContain('PutTargets t1');
  expect(lines.at(-1)).toMatch(/^FAILED {4}rule default\/placed.*changed the target t1 since/);
});

test('a rule is moved when its connection has a token, even if that takes a while', async () => {
  const authorizing = { ...authorized, ConnectionState: 'AUTHORIZING' };
  const { order } = await applied({ described: [authorizing, authorizing, authorized] });
  expect(order.at(-1)).toBe('PutTargets t1');
});

test.each([
  ['gets no token within a minute', { ...authorized, ConnectionState: 'AUTHORIZING' }, 'It is AUTHORIZING.'],
  [
    'is refused by its token endpoint',
    { ...authorized, ConnectionState: 'DEAUTHORIZED', StateReason: 'HTTP 401' },
    'It is DEAUTHORIZED. HTTP 401',
  ],
  [
    'is in another account',
    { ...authorized, ConnectionArn: connectionArn('shop').replace('123456789012', '999999999999') },
    'The stack of Lastmile is in account 999999999999, and the rules are in 123456789012.',
  ],
])('a rule keeps its targets when the connection %s', async (_what, answer, reason) => {
  const { lines, order, progress } = await applied({ described: [answer] });
  expect(lines[0]).toContain(`FAILED    connection shop: ${reason}`);
  expect(order).not.toContain('PutTargets t1');
  expect(progress).toMatchObject({ failed: 1, skipped: 2 });
});

test('a run stops after five failures, and names what it has not done', async () => {
  const rules = Array.from({ length: 7 }, (_, index) => rule(`rule-${index}`, [target('t1')]));
  const { lines, progress } = await applied(
    { present: [] },
    eventBridge(rules, { destinations: [destination('orders')] }),
  );
  expect(progress).toMatchObject({ done: 2, failed: 5, skipped: 2 });
  expect(lines.at(-1)).toBe('not done  rule default/rule-6, target t1: the run has stopped after 5 failures');
});
