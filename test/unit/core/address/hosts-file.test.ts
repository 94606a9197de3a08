import { expect, test } from 'vitest';
import { parseHostsFile } from '../../../../lib/core/address/hosts-file.ts';

const entriesOf = (text: string) => Object.fromEntries(parseHostsFile(text));

test('each name of a line has the address of the line', () => {
  expect(entriesOf('10.0.0.1\tone.test  two.test\n10.0.0.2 three.test')).toEqual({
    'one.test': ['10.0.0.1'],
    'two.test': ['10.0.0.1'],
    'three.test': ['10.0.0.2'],
  });
});

test('a name in several lines has all their addresses once, in the order of the file', () => {
  const text = '127.0.0.1 localhost\n::1 localhost\n127.0.0.1 localhost runsc\n';
  expect(entriesOf(text)).toEqual({ localhost: ['127.0.0.1', '::1'], runsc: ['127.0.0.1'] });
});

test('a name is found in lower case, however the file spells it', () => {
  expect(entriesOf('10.0.0.1 Printer.Test')).toEqual({ 'printer.test': ['10.0.0.1'] });
});

test.each([
  ['an empty file', ''],
  ['a comment', '# 10.0.0.1 one.test'],
  ['a comment after the address', '10.0.0.1 # one.test'],
  ['blanks', ' \t\n\r\n'],
  ['an address without a name', '10.0.0.1'],
  ['a name in the place of the address', 'one.test two.test'],
  ['a short form of an address', '127.1 one.test'],
  ['an address with leading zeros', '010.0.0.1 one.test'],
  ['an address with a number above 255', '10.0.0.256 one.test'],
  ['an address with a zone', 'fe80::1%lo0 localhost'],
  ['a wrong IPv6 address', '::1::2 one.test'],
])('%s names nothing', (_what, text) => {
  expect(entriesOf(text)).toEqual({});
});

test('a comment behind the names and line ends of Windows are left out', () => {
  expect(entriesOf('  10.0.0.1 one.test# two.test\r\nfd00::1 three.test\r\n')).toEqual({
    'one.test': ['10.0.0.1'],
    'three.test': ['fd00::1'],
  });
});

test('a name that objects have anyway is a name like others', () => {
  expect(parseHostsFile('10.0.0.1 constructor').get('constructor')).toEqual(['10.0.0.1']);
  expect(parseHostsFile('').get('constructor')).toBeUndefined();
});
