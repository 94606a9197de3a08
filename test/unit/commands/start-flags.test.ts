import { expect, test } from 'vitest';
import { Exit } from '../../../lib/commands/command.ts';
import { parseStartFlags } from '../../../lib/commands/start-flags.ts';

test('npm start accepts every flag', () => {
  const flags = [
    '--port',
    '0',
    '--host=0.0.0.0',
    '--data-dir',
    'kept',
    '--account',
    '000000000001',
    '--auth',
    '--until-stdin-closes',
  ];
  expect(parseStartFlags(flags)).toEqual({
    help: false,
    port: 0,
    host: '0.0.0.0',
    dataDir: 'kept',
    account: '000000000001',
    auth: true,
    untilStdinCloses: true,
  });
});

test('npm start needs no flag', () => {
  expect(parseStartFlags([])).toEqual({ help: false });
});

test.each([
  ['an unknown flag', ['--prot', '1'], '--prot'],
  ['an argument that is not a flag', ['4010'], '4010'],
  ['a port that is not a number', ['--port', 'http'], '--port'],
  ['a port above 65535', ['--port', '65536'], '--port'],
  ['a flag without its value', ['--host'], '--host'],
  ['an empty value', ['--data-dir='], '--data-dir'],
  ['an account of eleven digits', ['--account', '12345678901'], '--account'],
])('npm start refuses %s in one line that names it', (_what, flags, named) => {
  expect(() => parseStartFlags(flags)).toThrow(Exit);
  expect(() => parseStartFlags(flags)).toThrow(new RegExp(`^[^\n]*${named}[^\n]*\\.$`));
});
