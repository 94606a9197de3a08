import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createOutputLines } from '../../../../lib/adapters/log/output-lines.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('lines of the same turn of the event loop are written together and in order, and later lines separately', async () => {
  const writes: string[] = [];
  const line = createOutputLines((text) => void writes.push(text));
  line('one\n');
  await Promise.resolve();
  line('two\n');
  expect(writes).toEqual([]);
  await turn();
  expect(writes).toEqual(['one\ntwo\n']);
  line('three\n');
  await turn();
  await turn();
  expect(writes).toEqual(['one\ntwo\n', 'three\n']);
});

test('the exit listener is removed in the next turn of the event loop', async () => {
  const before = process.listenerCount('exit');
  const line = createOutputLines(() => undefined);
  for (let lines = 0; lines < 3; lines += 1) {
    line('one\n');
    line('two\n');
    expect(process.listenerCount('exit')).toBe(before + 1);
    await turn();
  }
  expect(process.listenerCount('exit')).toBe(before);
});

test.each([
  ['calls process.exit', 'process.exit(0)', 0],
  ['dies of an uncaught error', "throw new Error('a bug')", 1],
])('a process that %s still writes its last lines', (_how, end, status) => {
  const module = new URL('../../../../lib/adapters/log/output-lines.ts', import.meta.url).href;
  const script = `import { createOutputLines } from '${module}';
    const line = createOutputLines((text) => void process.stdout.write(text));
    line('one\\n'); line('two\\n'); ${end};`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(ran.status).toBe(status);
  expect(ran.stdout).toBe('one\ntwo\n');
});
