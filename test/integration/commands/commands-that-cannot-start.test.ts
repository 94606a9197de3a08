import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownFolder } from '../../fixtures/stack.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

function node(...args: readonly string[]) {
  return spawnSync(process.execPath, args, { cwd: repository, encoding: 'utf8', timeout: 100_000 });
}

test('every script prints one line and ends with status 2 when Node is too old', () => {
  const olderNode = "Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });";
  const { status, stderr } = node('-e', `${olderNode} require('./infra/node/require-node-24.cjs');`);
  expect(stderr).toMatch(/^Lastmile needs Node 24, but this is v[^\n]*\n$/);
  expect(status).toBe(2);
});

test('every script says to run npm ci when the packages are not installed, whatever Node runs it', () => {
  const folder = ownFolder();
  cpSync(join(repository, 'infra/node'), join(folder, 'infra/node'), { recursive: true });
  const script = join(folder, 'infra/node/require-node-24.cjs');
  const olderNode = "Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });";
  for (const before of ['', olderNode]) {
    const { status, stderr } = node('-e', `${before} require(${JSON.stringify(script)});`);
    expect([status, stderr]).toEqual([2, 'The packages of Lastmile are not installed. Run: npm ci\n']);
  }
});

test('npm run demo refuses an unknown flag before it starts anything', () => {
  const { status, stderr, stdout } = node('lib/commands/lastmile.ts', 'demo', '--port', '4011');
  expect(stderr).toContain('--port');
  expect(stderr).toContain('npm run demo');
  expect([status, stdout]).toEqual([2, '']);
});

test('npm run demo --help prints its usage', () => {
  const { status, stdout } = node('lib/commands/lastmile.ts', 'demo', '--help');
  expect(stdout).toContain('npm run demo');
  expect(status).toBe(0);
});
