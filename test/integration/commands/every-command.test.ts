import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { subcommands } from '../../../lib/commands/subcommands.ts';
import { version } from '../../../lib/core/version.ts';
import type { CommandResult } from '../../fixtures/run-commands.ts';

/** The first two run a script with flags of its own, and `invoke` passes flags on to osls. */
const withOtherFlags = new Set(['package', 'soak', 'invoke']);
const names = Object.keys(subcommands).filter((name) => !withOtherFlags.has(name));

/** A flag of each command that takes a value. `demo` has none. */
const valueFlagOf = (name: string): string => (name === 'start' ? 'port' : 'stage');
const withValues = names.filter((name) => name !== 'demo');

let results: ReadonlyMap<string, CommandResult>;

beforeAll(() => {
  const lines = names.flatMap((name) => [
    [name, '--help'],
    [name, '-h'],
    [name, '--version'],
    [name, '--colour'],
    [name, `--${valueFlagOf(name)}`],
    [name, `--${valueFlagOf(name)}=`],
  ]);
  const script = join(import.meta.dirname, '..', '..', 'fixtures', 'run-commands.ts');
  const env = { ...process.env, LASTMILE_CALLED_AS: 'npx lastmile' };
  const printed = execFileSync(process.execPath, [script, JSON.stringify(lines)], { env, encoding: 'utf8' });
  const all = JSON.parse(printed) as readonly CommandResult[];
  results = new Map(lines.map((line, index) => [line.join(' '), all[index] as CommandResult]));
});

test.each(names)('lastmile %s --help and -h print its usage with the exit statuses and end with status 0', (name) => {
  const help = results.get(`${name} --help`);
  expect(help).toMatchObject({ status: 0, stderr: '' });
  expect(help?.stdout).toMatch(new RegExp(`^  npx lastmile ${name}\\b[^]*^  --help +show this text`, 'm'));
  expect(help?.stdout).toMatch(/^Exit status: 0 [^\n]+, 2 (wrong usage|could not start)/m);
  expect(results.get(`${name} -h`)).toEqual(help);
});

test.each(names)('lastmile %s --version prints the version of the package', (name) => {
  expect(results.get(`${name} --version`)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

test.each(names)('lastmile %s refuses an unknown flag in one line that names it and the way to the usage', (name) => {
  expect(results.get(`${name} --colour`)).toEqual({
    status: 2,
    stdout: '',
    stderr: `Unknown option '--colour'. See npx lastmile ${name} --help.\n`,
  });
});

test.each(withValues)(
  'lastmile %s refuses a flag whose value is missing or empty in one line that names the flag',
  (name) => {
    const flag = valueFlagOf(name);
    const refused = (problem: string) => ({
      status: 2,
      stdout: '',
      stderr: `${problem} See npx lastmile ${name} --help.\n`,
    });
    expect(results.get(`${name} --${flag}`)).toEqual(refused(`Option '--${flag} <value>' argument missing.`));
    expect(results.get(`${name} --${flag}=`)).toEqual(refused(`--${flag} needs a value.`));
  },
);
