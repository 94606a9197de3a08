import { describe, expect, test } from 'vitest';
import { createBottleneckConcurrencyLimit } from '../../../lib/adapters/bottleneck-concurrency-limit.ts';
import { gate } from '../delivery/token/oauth-subjects.ts';

describe('a concurrency limit', () => {
  test('under a limit of one, work of one key runs one at a time, and work of different keys at the same time', async () => {
    const limit = createBottleneckConcurrencyLimit();
    const log: string[] = [];
    const step = (key: string, name: string) => {
      const [begun, mayEnd] = [gate(), gate()];
      const ended = limit.run(key, 1, async () => {
        log.push(`${name} begins`);
        begun.open();
        await mayEnd.opened;
        log.push(`${name} ends`);
      });
      return { begun: begun.opened, end: mayEnd.open, ended };
    };
    const [first, second] = [step('a', 'first'), step('a', 'second')];
    await first.begun;
    const beside = step('b', 'beside');
    await beside.begun;
    first.end();
    await first.ended;
    await second.begun;
    const third = step('a', 'third');
    beside.end();
    await beside.ended;
    // If the third work could have begun, it would have begun before this one.
    await limit.run('c', 1, async () => {});
    second.end();
    third.end();
    await Promise.all([second.ended, third.ended]);
    expect(log).toEqual([
      'first begins',
      'beside begins',
      'first ends',
      'second begins',
      'beside ends',
      'second ends',
      'third begins',
      'third ends',
    ]);
  });

  test('a concurrency limit returns results and failures unchanged', async () => {
    const limit = createBottleneckConcurrencyLimit();
    const failure = new Error('expected');
    expect(await limit.run('a', 1, async () => 7)).toBe(7);
    await expect(limit.run('a', 1, () => Promise.reject(failure))).rejects.toBe(failure);
    await Promise.all(Array.from({ length: 100 }, (_, index) => limit.run(`c${index % 7}`, 1, async () => index)));
    expect(limit.size).toBe(0);
  });
});
