import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createJsonataTransformations } from '../../../lib/adapters/jsonata/transformations.ts';
import type { Clock } from '../../../lib/ports/clock.ts';

/** A clock on which no delay ends, so that an expression has as much time as it needs. */
const patient: Clock = { nowMs: () => 0, delay: () => new Promise(() => undefined) };
const endless = patient.delay;
/** A clock with this delay as the time limit of an expression. The process has as much time as it needs to start. */
const limitedBy = (limit: Clock['delay'], nowMs = () => 0): Clock => ({
  nowMs,
  delay: (delayMs, signal) => (delayMs === 1100 ? limit : endless)(delayMs, signal),
});

const event = { id: 'e-1', detail: { total: 19.5, items: [{ sku: 'a' }, { sku: 'canary' }] } };
const metadata = { 'aws:EventId': 'bus-1' };
const shared = createJsonataTransformations(patient);

const { signal: unaborted } = new AbortController();

function apply(
  expression: string,
  eventText = JSON.stringify(event),
  transformations = shared,
  { destination = 'one', signal = unaborted } = {},
) {
  return transformations.apply({ destination, expression, eventText, metadata }, signal);
}

describe('the result of an expression', () => {
  test.each<[expression: string, value: unknown]>([
    ['{"order": detail.total, "skus": detail.items.sku}', { order: 19.5, skus: ['a', 'canary'] }],
    ['$events.Data.detail.total', 19.5],
    ['[1, null]', [1, null]],
    ['false', false],
    ['$partition([1, 2, 3], 2)', [[1, 2], [3]]],
    ['$range(1, 2, 0.5)', [1, 1.5, 2]],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ['$parse("{\\"a\\": 1}")', { a: 1 }],
    ['$random(7) = $random(7) and $random(7) < 1 and $random() >= 0', true],
  ])('the expression %s gives JSON', async (expression, value) => {
    expect(await apply(expression)).toEqual({ value, text: JSON.stringify(value) });
  });

  test.each<[expression: string, value: string]>([
    ['"hello"', 'hello'],
    ['$events.SystemMetadata."aws:EventId"', 'bus-1'],
    ['$hash("a", "SHA-256")', createHash('sha256').update('a').digest('hex')],
    ['$hash("a", "MD5")', createHash('md5').update('a').digest('hex')],
  ])('the expression %s gives text without quotes', async (expression, value) => {
    expect(await apply(expression)).toEqual({ value, form: 'text' });
  });

  test('each call of $uuid gives another UUID', async () => {
    const { value } = await apply('[$uuid(), $uuid()]');
    expect(new Set(value as readonly string[]).size).toBe(2);
    expect(value).toEqual([0, 1].map(() => expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)));
  });

  test('an expression may use an event that is not an object', async () => {
    expect(await apply('$ & "!"', '"hello"')).toEqual({ value: 'hello!', form: 'text' });
    expect(await apply('$sum($)', '[1,2]')).toMatchObject({ value: 3 });
  });
});

describe('an expression that fails', () => {
  test.each<[expression: string, reason: string]>([
    ['detail.', 'is not valid JSONata at character 7 (S0207)'],
    ['{"a": detail.}', 'is not valid JSONata at character 14 (S0211)'],
    ['detail.total + detail.items[1].sku', 'fails at character 14 with the error T2002 of JSONata'],
    ['$error(detail.items[1].sku)', 'fails at character 7 with the error D3137 of JSONata'],
    ['absent', 'gives nothing, null or a function'],
    ['null', 'gives nothing, null or a function'],
    ['$sum', 'gives nothing, null or a function'],
    ['[$sum]', 'gives a result with a function in it'],
    ['{"a": [function($x) { $x }]}', 'gives a result with a function in it'],
    ['{"toJSON": /a/}', 'gives a result with a function in it'],
    ['$eval("1")', 'uses $eval, which is not available'],
    ['$hash("a", "sha-1")', 'calls $hash with an algorithm other than MD5, SHA-1, SHA-256, SHA-384, SHA-512'],
    ['$parse("canary")', 'calls $parse with a text that is not JSON'],
    ['$partition([1], 0)', 'calls $partition with a size below 1'],
    ['$range(1, 1e9, 1)', 'calls $range for more than 10,000,000 numbers'],
    ['$range(1, 2, 0)', 'calls $range for more than 10,000,000 numbers'],
    ['[1..1e9]', 'makes a list of more than 10,000,000 elements'],
    [
      '($f := function($n) { 1 + $f($n + 1) }; $f(1))',
      'is nested more than 100 levels deep, or calls itself more often than that',
    ],
    [
      '$reduce([1..200], function($list, $n) { [[$list]] }, [])',
      'gives a result that is nested more than 100 levels deep',
    ],
  ])('the expression %s is refused, and the reason shows nothing of the event', async (expression, reason) => {
    const failure = { code: 'InvalidInvocation', message: `The expression of the Transformer ${reason}.` };
    await expect(apply(expression)).rejects.toMatchObject(failure);
  });

  test.each([
    ['one large string', '$length($pad("", 200000000))'],
    ['large lists', '$count([[1..9999999], [1..9999999], [1..9999999]])'],
  ])('an expression that uses up the memory by %s is refused, and the next one is evaluated', async (_what, greedy) => {
    const transformations = createJsonataTransformations(patient);
    const failure = { code: 'InvalidInvocation', message: expect.stringContaining('needs more than 96 MB of memory') };
    await expect(apply(greedy, '1', transformations)).rejects.toMatchObject(failure);
    expect(await apply('1', '1', transformations)).toMatchObject({ value: 1 });
  });

  test.each([
    ['a loop', '($f := function($n) { $f($n + 1) }; $f(1))', '1'],
    ['a slow regular expression', '$match($, /^(a+)+$/)', JSON.stringify(`${'a'.repeat(40)}!`)],
  ])('%s is terminated, and the events behind it are transformed', async (_what, expression, text) => {
    let isImpatient = true;
    const clock = limitedBy((...given) => (isImpatient ? Promise.resolve() : endless(...given)));
    const transformations = createJsonataTransformations(clock);
    const slow = apply(expression, text, transformations);
    const behind = slow.catch(() => (isImpatient = false)).then(() => apply('1', '1', transformations));
    await expect(slow).rejects.toThrow('The expression of the Transformer runs for more than 1 s.');
    expect(await behind).toMatchObject({ value: 1 });
  });
});

test('when the worker is killed while an expression never ends, the process of the expression ends too', async () => {
  const file = new URL('../../../lib/adapters/jsonata/transformations.ts', import.meta.url);
  // The worker begins to wait when it has sent the expression.
  const worker = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { createJsonataTransformations } from ${JSON.stringify(file.href)};
    const clock = {
      nowMs: () => 0,
      delay(delayMs) {
        if (delayMs === 1100) setImmediate(() => console.log('waits'));
        return new Promise(() => {});
      },
    };
    const text = JSON.stringify('a'.repeat(40) + '!');
    const endless = { destination: 'one', expression: '$match($, /^(a+)+$/)', eventText: text, metadata: {} };
    await createJsonataTransformations(clock).apply(endless, new AbortController().signal);`,
  ]);
  await once(worker.stdout, 'data');
  const children = readFileSync(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8').trim();
  expect(children).toMatch(/^[0-9]+$/);
  worker.kill('SIGKILL');
  await expect.poll(() => existsSync(`/proc/${children}`), { timeout: 60_000 }).toBe(false);
});

test('a process that does not start in time is killed, and the next expression gets another one', async () => {
  let starts = 0;
  const clock: Clock = {
    nowMs: () => 0,
    async delay(...given) {
      starts += given[0] === 10_000 ? 1 : 0;
      if (starts > 1) await endless(...given);
    },
  };
  const transformations = createJsonataTransformations(clock);
  const failing = apply('1', '1', transformations);
  const behind = apply('2', '1', transformations);
  await expect(failing).rejects.toThrow('The process that evaluates JSONata did not start.');
  expect(await behind).toMatchObject({ value: 2 });
});

describe('expressions that come at the same time', () => {
  test('members that still run after another member has failed use the time of their own expression', async () => {
    const short = limitedBy((_ms, signal) => setTimeout(200, undefined, { signal }));
    const slow = '($f := function($n) { $n > 0 ? 1 + $f($n - 1) : $match($$, /^(a+)+$/) }; $f(20))';
    const text = JSON.stringify(`${'a'.repeat(40)}!`);
    const failing = apply(`{"a": $error("x"), "b": ${slow}}`, text, createJsonataTransformations(short));
    await expect(failing).rejects.toThrow('runs for more than 1 s');
  });

  test('the expressions of two destinations are evaluated in turn, and each destination keeps its order', async () => {
    const order: string[] = [];
    const evaluate = async (destination: string, name: string) => {
      await apply('1', '1', shared, { destination });
      order.push(name);
    };
    const first = ['one a', 'one b', 'one c'].map((name) => evaluate('one', name));
    await Promise.all([...first, ...['two a', 'two b'].map((name) => evaluate('two', name))]);
    expect(order).toEqual(['one a', 'two a', 'one b', 'two b', 'one c']);
  });

  test('after an expression that took a second, the events of another destination come first', async () => {
    let nowMs = 0;
    let tookMs = 1000;
    const clock = limitedBy(
      (...given) => {
        nowMs += tookMs;
        tookMs = 1;
        return endless(...given);
      },
      () => nowMs,
    );
    const transformations = createJsonataTransformations(clock);
    const order: string[] = [];
    const evaluate = async (destination: string, name: string) => {
      await apply('1', '1', transformations, { destination });
      order.push(name);
    };
    const slow = ['slow a', 'slow b'].map((name) => evaluate('slow', name));
    await Promise.all([...slow, ...['fast a', 'fast b', 'fast c'].map((name) => evaluate('fast', name))]);
    expect(order).toEqual(['slow a', 'fast a', 'fast b', 'fast c', 'slow b']);
  });

  test('an event whose invocation is about to end stops waiting for its expression, and those behind it are evaluated', async () => {
    const ending = new AbortController();
    const first = apply('1', '1');
    const waiting = apply('2', '1', shared, { destination: 'two', signal: ending.signal });
    const behind = apply('3', '1', shared, { destination: 'two' });
    ending.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'OutOfTime' });
    expect(await Promise.all([first, behind])).toMatchObject([{ value: 1 }, { value: 3 }]);
  });

  test('an expression that comes when its invocation is about to end is not evaluated', async () => {
    const late = apply('$uuid()', '1', shared, { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ code: 'OutOfTime' });
  });

  test('an expression that is being evaluated does not keep its event beyond the end of the invocation', async () => {
    const ending = new AbortController();
    const transformations = createJsonataTransformations(limitedBy(() => new Promise(() => ending.abort())));
    const slow = apply('($f := function($n) { $f($n + 1) }; $f(1))', '1', transformations, {
      signal: ending.signal,
    });
    await expect(slow).rejects.toMatchObject({ code: 'OutOfTime' });
  });
});
