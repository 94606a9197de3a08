import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { thirdPartyNotices } from '../../../infra/release/notices.ts';

/** A folder with these packages and with a service model. */
function folderWith(packages: Readonly<Record<string, { readonly license?: string; readonly text?: string }>>): string {
  const root = mkdtempSync(join(tmpdir(), 'lastmile-notices-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, { license, text }] of Object.entries(packages)) {
    const folder = join(root, path);
    mkdirSync(folder, { recursive: true });
    const name = path.replace(/^.*node_modules\//, '');
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3', license }));
    if (text !== undefined) writeFileSync(join(folder, 'LICENSE.md'), `${text}\n`);
  }
  const models = join(root, 'lib', 'protocol', 'models');
  mkdirSync(models, { recursive: true });
  const model = (source: string) => JSON.stringify({ source, license: 'Apache-2.0' });
  writeFileSync(join(models, 'events.json'), model('botocore 1.0 data/events'));
  writeFileSync(join(models, 'own.json'), model("Lastmile's own"));
  return root;
}

test('the notices name each bundled package with its version, and print a shared licence once', () => {
  const root = folderWith({
    'node_modules/@scope/one': { license: 'MIT', text: 'Copyright A' },
    'node_modules/two': { license: 'MIT', text: 'Copyright A' },
    'node_modules/two/node_modules/three': { license: 'ISC', text: 'Copyright B' },
    'node_modules/unused': { license: 'MIT', text: 'Copyright C' },
  });
  const sources = [
    'lib/core/version.ts',
    'node_modules/@scope/one/index.js',
    'node_modules/two/lib/a.js',
    'node_modules/two/lib/b.js',
    'node_modules/two/node_modules/three/index.js',
  ];
  const line = '-'.repeat(80);
  const text = thirdPartyNotices(sources, root);
  expect(text).toContain(`${line}\n@scope/one 1.2.3 (MIT)\ntwo 1.2.3 (MIT)\n${line}\n\nCopyright A\n`);
  expect(text).toContain(`${line}\nthree 1.2.3 (ISC)\n${line}\n\nCopyright B\n`);
  expect(text).toContain('botocore 1.0 data/events (Apache-2.0), shortened');
  expect(text).not.toMatch(/unused|own/);
});

test('a package that names no licence stops the build', () => {
  const root = folderWith({ 'node_modules/free': {} });
  expect(() => thirdPartyNotices(['node_modules/free/index.js'], root)).toThrow(
    'The package free names no licence in its package.json.',
  );
});
