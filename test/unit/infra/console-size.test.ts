import type { Metafile } from 'esbuild';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPage } from '../../../lib/console/files/build-page.ts';

/** The most JavaScript of one page, compressed. At 10 Mbit/s it takes half a second. */
const mostBytes = 700_000;

const folder = mkdtempSync(join(tmpdir(), 'lastmile-console-'));
let outputs: Metafile['outputs'];

beforeAll(async () => {
  ({ outputs } = await buildPage(join(import.meta.dirname, '..', '..', '..'), folder));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The scripts that a browser loads for these entries: they and everything that they import. */
function scriptsOf(entries: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...entries];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    for (const { kind, path } of outputs[next]?.imports ?? []) if (kind === 'import-statement') waiting.push(path);
  }
  return found;
}

function compressedBytes(paths: Iterable<string>): number {
  return [...paths].reduce((sum, path) => sum + gzipSync(readFileSync(join(folder, basename(path)))).length, 0);
}

function outputOf(source: string): string {
  const found = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === source);
  return found ?? expect.unreachable(`${source} is not built.`);
}

test('every page of the console loads less than 700 KB of compressed JavaScript when it is the first one', () => {
  const main = outputOf('lib/console/page/main.tsx');
  const pages = Object.values(outputs).flatMap(({ entryPoint = '' }) =>
    entryPoint.endsWith('-page.tsx') ? [entryPoint] : [],
  );
  expect(pages).toContain('lib/console/page/connections/connections-page.tsx');
  const sizes = pages.map((page) => [page, compressedBytes(scriptsOf([main, outputOf(page)]))] as const);
  expect(sizes.filter(([, bytes]) => bytes > mostBytes)).toEqual([]);
});

test('the code of a page of the console is not in the main script, but loaded when the page is opened', () => {
  const first = [...scriptsOf([outputOf('lib/console/page/main.tsx')])];
  const inputs = first.flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
  expect(inputs).toContain('lib/console/page/shell/app.tsx');
  expect(inputs.filter((path) => /lib\/console\/page\/(?!main|shell|data|parts)/.test(path))).toEqual([]);
});

test('the page of the console has no script and no style in its HTML, because its content security policy forbids them', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  expect(html).toMatch(/<script type="module" src="\/_console\/files\/main-\w+\.js"><\/script>/);
  expect(html.match(/<script|<style|style=|onload=/g)).toEqual(['<script']);
});
