import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '..', '..', '..');
const budgets = JSON.parse(readFileSync(join(repository, 'infra', 'bundle', 'bundle-budget.json'), 'utf8')) as object;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lastmile-budget-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('the bundle check fails with the name and the largest packages of a function that exceeds its budget', () => {
  const { status, stderr } = check({ ...budgets, redrive: { start: 100_000, whole: 1_000_000 } });
  expect(stderr).toMatch(
    /^Function redrive loads \d+\.\d KB at a cold start, and its budget is 100\.0 KB\. The largest parts:\n {2}@smithy\/core: /,
  );
  expect(stderr.match(/^Function/gm)).toHaveLength(1);
  expect(status).toBe(1);
});

function check(changed: object) {
  const file = join(folder, 'budget.json');
  writeFileSync(file, JSON.stringify(changed));
  return spawnSync(process.execPath, ['infra/bundle/check-bundle.mjs', file], { cwd: repository, encoding: 'utf8' });
}
