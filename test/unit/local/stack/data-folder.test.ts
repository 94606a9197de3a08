import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataFolder, StartError } from '../../../../lib/local/stack/data-folder.ts';

const account = '123456789012';

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lastmile-data-'));
}

test('the data folder is created with its parent folders, and only its owner can read it', () => {
  const path = join(newFolder(), 'a', 'b');
  const folder = openDataFolder(path, account);
  expect(folder.path).toBe(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  folder.close();
});

test('only one local stack at a time can use a data folder', () => {
  const path = newFolder();
  const first = openDataFolder(path, account);
  expect(() => openDataFolder(path, account)).toThrow(/^Another stack is using the data folder [^\n]+$/);
  first.close();
  const second = openDataFolder(path, account);
  expect(second.database.isOpen).toBe(true);
  second.close();
});

test('a data folder can only be used with the AWS account that used it first', () => {
  const path = newFolder();
  openDataFolder(path, account).close();
  expect(() => openDataFolder(path, '000000000001')).toThrow(/belongs to account 123456789012/);
});

test.runIf(process.platform === 'linux')('a data folder is refused when the system allows no new folder', () => {
  for (const path of ['/proc/lastmile', '/proc/lastmile/data', '/dev/null/lastmile']) {
    expect(() => openDataFolder(path, account)).toThrow(/^Cannot write to the data folder [^\n]+: [A-Z]+\. [^\n]+$/);
  }
});

test('a data folder is refused when its path is a file', () => {
  const path = join(newFolder(), 'file');
  writeFileSync(path, '');
  expect(() => openDataFolder(path, account)).toThrow(StartError);
});

test('an invalid database file in a data folder is refused and not changed', () => {
  const path = newFolder();
  writeFileSync(join(path, 'lastmile.sqlite'), 'not a database, but long enough to be looked at'.repeat(20));
  expect(() => openDataFolder(path, account)).toThrow(/^Cannot open the database in the data folder/);
});

test('a data folder from a newer version is refused', () => {
  const path = newFolder();
  const folder = openDataFolder(path, account);
  folder.database.exec('PRAGMA user_version = 99');
  folder.close();
  expect(() => openDataFolder(path, account)).toThrow(/newer version/);
});

test('a local stack without a data folder keeps no data', () => {
  const folder = openDataFolder(undefined, account);
  expect(folder.path).toBeUndefined();
  folder.close();
});
