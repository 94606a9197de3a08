import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataFolder, StartError } from '../../../../lib/local/stack/data-folder.ts';

const account = '123456789012';

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lastmile-data-'));
}

test('the folder is made with those above it, for its owner alone', () => {
  const path = join(newFolder(), 'a', 'b');
  const folder = openDataFolder(path, account);
  expect(folder.path).toBe(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  folder.close();
});

test('a folder serves one stack at a time, and the next one after it', () => {
  const path = newFolder();
  const first = openDataFolder(path, account);
  expect(() => openDataFolder(path, account)).toThrow(/^Another stack is using the data folder [^\n]+$/);
  first.close();
  const second = openDataFolder(path, account);
  expect(second.database.isOpen).toBe(true);
  second.close();
});

test('a folder belongs to the account that has first used it', () => {
  const path = newFolder();
  openDataFolder(path, account).close();
  expect(() => openDataFolder(path, '000000000001')).toThrow(/belongs to account 123456789012/);
});

test.runIf(process.platform === 'linux')('a place where the system lets nobody make a folder is refused', () => {
  for (const path of ['/proc/lastmile', '/proc/lastmile/data', '/dev/null/lastmile']) {
    expect(() => openDataFolder(path, account)).toThrow(/^Cannot write to the data folder [^\n]+: [A-Z]+\. [^\n]+$/);
  }
});

test('a file in the folder’s place is refused', () => {
  const path = join(newFolder(), 'file');
  writeFileSync(path, '');
  expect(() => openDataFolder(path, account)).toThrow(StartError);
});

test('a file that is no database is refused and left as it is', () => {
  const path = newFolder();
  writeFileSync(join(path, 'lastmile.sqlite'), 'not a database, but long enough to be looked at'.repeat(20));
  expect(() => openDataFolder(path, account)).toThrow(/^Cannot open the database in the data folder/);
});

test('what a newer version has written is refused', () => {
  const path = newFolder();
  const folder = openDataFolder(path, account);
  folder.database.exec('PRAGMA user_version = 99');
  folder.close();
  expect(() => openDataFolder(path, account)).toThrow(/newer version/);
});

test('without a folder nothing is kept', () => {
  const folder = openDataFolder(undefined, account);
  expect(folder.path).toBeUndefined();
  folder.close();
});
