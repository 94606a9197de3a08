import { existsSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createHostsFile } from '../../../lib/adapters/dns/hosts-file.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { name, nameSubjects } from './name-subjects.ts';

const setUp = nameSubjects();

test('a name in the hosts file is resolved without a DNS query', async () => {
  const { resolve, dns } = await setUp(() => ['93.184.216.34'], `10.0.0.1 ${name}\nfd00::1 ${name}\n`);
  expect(await resolve(name.toUpperCase())).toEqual(['10.0.0.1', 'fd00::1']);
  expect(dns.asked).toEqual([]);
});

test('localhost and other names with a single label resolve to their addresses in the hosts file', async () => {
  const { resolve } = await setUp(() => [], '10.0.0.1 backend\n127.0.0.2 localhost\n');
  expect(await resolve('backend')).toEqual(['10.0.0.1']);
  expect(await resolve('localhost')).toEqual(['127.0.0.2']);
});

test('a change of the hosts file takes effect within two seconds', async () => {
  const { resolve, clock, hostsFile } = await setUp(() => ['93.184.216.34'], '');
  expect(await resolve(name)).toEqual(['93.184.216.34']);
  writeFileSync(hostsFile, `10.0.0.1 ${name}`);
  await clock.advance(2000);
  expect(await resolve(name)).toEqual(['10.0.0.1']);
  rmSync(hostsFile);
  await clock.advance(2000);
  expect(await resolve(name)).toEqual(['93.184.216.34']);
});

test('a hosts file that replaces one of the same size and time is read again', async () => {
  const { resolve, clock, hostsFile } = await setUp(() => [], `10.0.0.1 ${name}`);
  utimesSync(hostsFile, 1, 1);
  expect(await resolve(name)).toEqual(['10.0.0.1']);
  writeFileSync(`${hostsFile}.new`, `10.0.0.2 ${name}`);
  utimesSync(`${hostsFile}.new`, 1, 1);
  renameSync(`${hostsFile}.new`, hostsFile);
  await clock.advance(2000);
  expect(await resolve(name)).toEqual(['10.0.0.2']);
});

test('the hosts file is checked for changes every two seconds, and immediately after the clock was set back', async () => {
  const { resolve, clock, hostsFile } = await setUp(() => [], `10.0.0.1 ${name}`);
  expect(await resolve(name)).toEqual(['10.0.0.1']);
  writeFileSync(hostsFile, `10.0.0.22 ${name}`);
  await clock.advance(1999);
  expect(await resolve(name)).toEqual(['10.0.0.1']);
  clock.set(clock.nowMs() - 60_000);
  expect(await resolve(name)).toEqual(['10.0.0.22']);
});

test.runIf(existsSync('/etc/hosts'))('a name in /etc/hosts is resolved by default', () => {
  expect(createHostsFile(createManualClock())('localhost')).toContain('127.0.0.1');
});
