import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '..', '..', '..');

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  /** Whether the package is inside another one, whose integrity covers it. */
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifest = readJson<Manifest>('package.json');
const locked = readJson<{ readonly packages: Readonly<Record<string, LockedPackage>> }>('package-lock.json').packages;
const installed = Object.entries(locked).filter(([path]) => path !== '');

describe('the toolchain', () => {
  test('the scripts run on Node 24, whatever Node the host has', () => {
    expect(process.version).toMatch(/^v24\./);
  });

  test('every dependency has one exact version', () => {
    const versions = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies].flatMap((group) =>
      Object.values(group),
    );
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('the packages of the AWS SDK, Powertools and middy each have one version, except a client that only tests use', () => {
    const alone = ['@aws-sdk/client-appsync'];
    expect(Object.keys(manifest.dependencies).filter((name) => alone.includes(name))).toEqual([]);
    const families = new Map<string, Set<string>>();
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      if (alone.includes(name)) continue;
      const family = ['@aws-sdk/', '@aws-lambda-powertools/', '@middy/'].find((prefix) => name.startsWith(prefix));
      if (family !== undefined) families.set(family, (families.get(family) ?? new Set()).add(version));
    }
    expect([...families].filter(([, versions]) => versions.size > 1)).toEqual([]);
    expect(manifest.devDependencies['@vitest/coverage-v8']).toBe(manifest.devDependencies['vitest']);
  });

  test('the lock file contains no registry URL, and an integrity for every package', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(installed.filter(([, { integrity, inBundle }]) => integrity === undefined && inBundle !== true)).toEqual([]);
  });

  test('the lock file contains the optional packages of every platform, because npm ci requires them', () => {
    const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(name, path)),
    );
    expect(missing).toEqual([]);
  });

  test('every package with an install script is listed as allowed or refused', () => {
    const withScript = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    const names = withScript.map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(Object.keys(manifest.allowScripts).sort()).toEqual([...new Set(names)].sort());
  });

  test('osls deploys exactly the functions in functions/', () => {
    const service = readFileSync(join(repository, 'serverless.yml'), 'utf8');
    const deployed = [...service.matchAll(/handler: functions\/([a-z-]+)\.handler/g)].map(([, name = '']) => name);
    const folder = join(repository, 'functions');
    const written = readdirSync(folder)
      .filter((file) => readFileSync(join(folder, file), 'utf8').includes('export const handler = createEntry('))
      .map((file) => file.replace(/\.ts$/, ''));
    expect(deployed.sort()).toEqual(written.sort());
  });
});

/** Searches like Node: first in the package's own node_modules, then in those of the parent folders. */
function isLocked(name: string, path: string): boolean {
  for (let folder = path; ; folder = folder.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    if (locked[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
  }
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(repository, name), 'utf8')) as T;
}
