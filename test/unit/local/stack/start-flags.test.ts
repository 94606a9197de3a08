import { expect, test } from 'vitest';
import { FlagError, parseStartFlags } from '../../../../lib/commands/flags.ts';

test('every flag is read', () => {
  const flags = ['--port', '0', '--host=0.0.0.0', '--data-dir', 'kept', '--account', '000000000001', '--auth'];
  expect(parseStartFlags(flags)).toEqual({
    help: false,
    port: 0,
    host: '0.0.0.0',
    dataDir: 'kept',
    account: '000000000001',
    auth: true,
  });
});

test('no flag is needed', () => {
  expect(parseStartFlags([])).toEqual({ help: false });
});

test.each([
  ['an unknown flag', ['--prot', '1'], '--prot'],
  ['a word that belongs to no flag', ['4010'], '4010'],
  ['a port that is no number', ['--port', 'http'], '--port'],
  ['a port that no machine has', ['--port', '65536'], '--port'],
  ['a flag without its value', ['--host'], '--host'],
  ['an empty value', ['--data-dir='], '--data-dir'],
  ['an account of eleven digits', ['--account', '12345678901'], '--account'],
])('%s is refused in one line that names it', (_what, flags, named) => {
  expect(() => parseStartFlags(flags)).toThrow(FlagError);
  expect(() => parseStartFlags(flags)).toThrow(new RegExp(`^[^\n]*${named}[^\n]*\\.$`));
});
