import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/threat-model.md', root), 'utf8');

/** The rows of the tables of attacks, each with the file and the name of the test that proves the defence. */
const rows = [...page.matchAll(/^\| (?<attack>[^|]+) \| `(?<file>[^`]+)` "(?<title>.+)" \|$/gm)].map(
  ({ groups }) => groups,
);
const held = rows.map((row): [string, string, string] => [
  row?.['attack'] ?? '',
  row?.['file'] ?? '',
  row?.['title'] ?? '',
]);

test('every row of the tables of attacks names a test', () => {
  const attacks = page.slice(page.indexOf('## Events and rules'), page.indexOf('## Not defended'));
  const lines = attacks.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| attack |'));
  expect(held).toHaveLength(lines.length);
  expect(held.length).toBeGreaterThan(30);
});

test.each(held)('the test that defends against "%s" exists', (_attack, file, title) => {
  const test = new URL(`test/${file}`, root);
  expect(existsSync(test)).toBe(true);
  expect(readFileSync(test, 'utf8')).toContain(title);
});
