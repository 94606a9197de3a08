import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...globSync('docs/**/*.md', { cwd: fileURLToPath(root) }).sort(),
];

/** The page without its code blocks, because code can look like links and headings. */
function proseOf(page: string): string {
  return readFileSync(new URL(page, root), 'utf8').replace(/^( *)```[^]*?^\1```$/gm, '');
}

/** The anchors that GitHub makes of a page's headings. It adds a number to a repeated heading. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#+ (.+)$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    let again = 0;
    while (anchors.has(again === 0 ? anchor : `${anchor}-${again}`)) again += 1;
    anchors.add(again === 0 ? anchor : `${anchor}-${again}`);
  }
  return anchors;
}

function unique(rows: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return [...new Map(rows.map((row) => [row.join(' '), row])).values()];
}

const links = pages.flatMap((page) =>
  [
    ...proseOf(page)
      .replace(/`[^`]*`/g, '')
      .matchAll(/\]\((?<link>[^)\s]+)\)/g),
  ].flatMap(({ groups }) => {
    const link = groups?.['link'] ?? '';
    return link.startsWith('https://') ? [] : [[page, link] as const];
  }),
);

test('the tests of links check the links of every documentation page', () => {
  expect(pages).toEqual(expect.arrayContaining(['docs/map.md', 'docs/guide/reference.md']));
  expect(named.length).toBeGreaterThan(30);
  expect(links.filter(([, link]) => link.startsWith('#')).length).toBeGreaterThan(50);
});

test.each(unique(links))('the link from %s to %s has a target', (page, link) => {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? new URL(page, root) : new URL(path, new URL(page, root));
  expect(existsSync(target)).toBe(true);
  const name = target.href.slice(root.href.length);
  if (anchor !== undefined) expect([...anchorsOf(name)]).toContain(anchor);
});

const named = pages.flatMap((page) =>
  [...proseOf(page).matchAll(/`(?<path>(?:bench|docs|functions|infra|lib|test)\/[\w./*-]+)`/g)].map(
    ({ groups }) => [page, groups?.['path'] ?? ''] as const,
  ),
);

test.each(unique(named.map(([page, path]) => [path, page] as const)))('the path %s in %s exists', (path) => {
  expect(globSync(path, { cwd: fileURLToPath(root) })).not.toEqual([]);
});

/** The second-level headings of a page, and the texts of the links in its table of contents, both in order. */
function contentsOf(page: string): { readonly sections: readonly unknown[]; readonly listed: readonly unknown[] } {
  const sections = [...proseOf(page).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  const contents = /^\[[^]*?\n\n/m.exec(readFileSync(new URL(page, root), 'utf8'))?.[0] ?? '';
  const listed = [...contents.matchAll(/\[(?<heading>[^\]]+)\]\(#/g)].map(({ groups }) => groups?.['heading']);
  return { sections, listed };
}

const withContents = pages.filter((page) => page === 'README.md' || page.startsWith('docs/guide/'));

test.each(withContents)('the table of contents of %s lists every section in order', (page) => {
  const { sections, listed } = contentsOf(page);
  expect(sections.length).toBeGreaterThan(2);
  expect(listed).toEqual(sections);
});

const threatModel = readFileSync(new URL('docs/threat-model.md', root), 'utf8');

/** The rows of the tables of attacks, each with the file and the name of the test that proves the defence. */
const rows = [...threatModel.matchAll(/^\| (?<attack>[^|]+) \| `(?<file>[^`]+)` "(?<title>.+)" \|$/gm)].map(
  ({ groups }) => groups,
);
const held = rows.map((row): [string, string, string] => [
  row?.['attack'] ?? '',
  row?.['file'] ?? '',
  row?.['title'] ?? '',
]);

test('every row of the tables of attacks names a test', () => {
  const attacks = threatModel.slice(threatModel.indexOf('## Events and rules'), threatModel.indexOf('## Not defended'));
  const lines = attacks.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| attack |'));
  expect(held).toHaveLength(lines.length);
  expect(held.length).toBeGreaterThan(30);
});

test.each(held)('the test that defends against "%s" exists', (_attack, file, title) => {
  const test = new URL(`test/${file}`, root);
  expect(existsSync(test)).toBe(true);
  expect(readFileSync(test, 'utf8')).toContain(title);
});
