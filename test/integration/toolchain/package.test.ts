import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '..', '..', '..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lastmile-package-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('npm run package', () => {
  test('npm run package makes identical files in different folders and time zones', async () => {
    const [one, other] = [await checkout('one'), await checkout('another/one/deeper')];
    // An interrupted run leaves the folder like this.
    await mkdir(join(one, '.build', 'package', 'prod'), { recursive: true });
    await writeFile(join(one, '.build', 'package', 'prod', 'older.zip'), 'half of a z');
    const parameter = ['--param', 'maximumConcurrency=7'];
    const runs = await Promise.all([
      runPackage(one, ['--stage', 'prod', ...parameter], { TZ: 'Pacific/Auckland' }),
      runPackage(other, ['--stage', 'prod', '--out', join(other, 'dist'), ...parameter], { TZ: 'America/Lima' }),
    ]);
    expect(runs.map(({ status }) => status)).toEqual([0, 0]);
    const functions = await lambdaFunctions();
    const digests = await digestsIn(join(one, '.build', 'package', 'prod'));
    expect(Object.keys(digests)).toEqual(
      [
        ...functions.flatMap((name) => [`${name}.contents.json`, `${name}.zip`]),
        'lastmile-prod.template.json',
        'SHA256SUMS',
      ].sort(),
    );
    expect(await digestsIn(join(other, 'dist'))).toEqual(digests);
    const template = await readFile(join(other, 'dist', 'lastmile-prod.template.json'), 'utf8');
    expect(template).toContain('"MaximumConcurrency": 7');
    expect(runs[0]?.stdout).toMatch(/\ndeliver\.zip {2}[\d.]+ KB, sha256 \S{44}\n[^]*@smithy\/core\n/);
    expect(runs[0]?.stdout).toMatch(/\npackaged \.build\/package\/prod\n$/);
  }, 120_000);

  test('npm run package does not empty a folder that contains other files', async () => {
    const kept = join(folder, 'kept');
    await mkdir(kept);
    await writeFile(join(kept, 'thesis.txt'), 'years of work');
    const { status, stderr } = await runPackage(repository, ['--out', kept]);
    expect(stderr).toBe(
      `--out is emptied first, but ${kept} contains other files. Choose another folder. See npm run package -- --help.\n`,
    );
    expect([status, await readdir(kept)]).toEqual([2, ['thesis.txt']]);
  });

  test('npm run package refuses an unknown flag and an invalid stage', async () => {
    expect(await runPackage(repository, ['--stag', 'dev'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--stag'),
    });
    expect(await runPackage(repository, ['--stage', 'a/b'])).toMatchObject({
      status: 2,
      stderr:
        '--stage must be at most 32 lower case letters, digits and hyphens, and begin with a letter. See npm run package -- --help.\n',
    });
  });
});

/** The files of a clone that packaging reads. */
async function checkout(path: string): Promise<string> {
  const copy = join(folder, path);
  await mkdir(copy, { recursive: true });
  for (const part of ['functions', 'lib', 'infra', 'serverless.yml', 'package.json']) {
    await cp(join(repository, part), join(copy, part), { recursive: true });
  }
  await symlink(join(repository, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

async function runPackage(cwd: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, ...more };
  const child = spawn(process.execPath, ['infra/package.mjs', ...args], { cwd, env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

async function digestsIn(path: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const file of (await readdir(path)).sort()) {
    digests[file] = createHash('sha256')
      .update(await readFile(join(path, file)))
      .digest('hex');
  }
  return digests;
}

/** The files of functions/ that end in an entry for Lambda. */
async function lambdaFunctions(): Promise<string[]> {
  const folder = join(repository, 'functions');
  const names: string[] = [];
  for (const file of await readdir(folder)) {
    const source = await readFile(join(folder, file), 'utf8');
    if (source.includes('export const handler = createEntry(')) names.push(file.replace(/\.ts$/, ''));
  }
  return names;
}
