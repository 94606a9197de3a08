import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(new URL('../../../docs/map.md', import.meta.url), 'utf8');

/** The text of one section, from its heading to the next heading of the same level. */
function sectionOf(heading: string): string {
  const [, section] = new RegExp(`^## ${heading}\\n([^]*?)(?=^## |(?![^]))`, 'm').exec(page) ?? [];
  if (section === undefined) throw new Error(`There is no section '${heading}'.`);
  return section;
}

const listed = [...sectionOf('Folders').matchAll(/^(?<folder>[.a-z][\w./-]*) {2,}\S/gm)].map(
  ({ groups }) => groups?.['folder'] ?? '',
);

/** The folders down to the given depth that contain a file, directly or in a subfolder. */
function foldersOf(top: string, depth: number): readonly string[] {
  const folders = globSync(`${top}/**/*.*`, { cwd: root })
    .map((file) => dirname(file).split('/'))
    .map((parts) => parts.slice(0, depth + 1).join('/'));
  return [...new Set(folders)].sort();
}

const folders = [
  ...foldersOf('lib', 2),
  ...['functions', 'infra', 'test', 'bench', 'soak', 'docs'].flatMap((top) => foldersOf(top, 1)),
];

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as Readonly<
  Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Readonly<Record<string, string>>>
>;

const filePattern = /(?<![\w/.-])(?:bench|docs|functions|infra|lib|soak|test)\/[\w./-]+\.(?:cjs|json|md|mjs|ts|yml)/g;
const namedIn = (text: string): readonly string[] => [...new Set(text.match(filePattern) ?? [])];

test('the map has a line for every folder: two levels below lib and one level elsewhere', () => {
  expect(folders).toEqual(expect.arrayContaining(['lib/core/rate', 'lib/local/bus', 'test/contract', 'bench/worker']));
  expect(folders.filter((folder) => !listed.includes(folder))).toEqual([]);
});

/** More files in one folder are hard to survey. */
const mostFiles = 20;

test('no folder of code or tests contains more than twenty files', () => {
  const counts = new Map<string, number>();
  for (const top of ['lib', 'functions', 'infra', 'test', 'bench', 'soak']) {
    for (const file of globSync(`${top}/**/*.*`, { cwd: root })) {
      counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    }
  }
  expect(counts.get('lib/core/rate')).toBeGreaterThan(3);
  expect([...counts].filter(([, count]) => count > mostFiles)).toEqual([]);
});

test('every file that the map names exists', () => {
  const files = namedIn(page);
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => !existsSync(new URL(`../../../${file}`, import.meta.url)))).toEqual([]);
});

test('the map follows one event from the function to the log through at most fifteen files', () => {
  const files = namedIn(sectionOf('The way of one event'));
  expect(files).toEqual(expect.arrayContaining(['functions/deliver.ts', 'lib/adapters/log/json-lines.ts']));
  expect(files.length).toBeLessThanOrEqual(15);
});

test('CONTRIBUTING.md gives a reason for every dependency', () => {
  const contributing = readFileSync(new URL('../../../CONTRIBUTING.md', import.meta.url), 'utf8');
  const section = contributing.slice(contributing.indexOf('## Dependencies'));
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});
