import { expect, test } from 'vitest';
import { parseHostsFile } from '../../../../lib/core/address/hosts-file.ts';

const entriesOf = (text: string) => Object.fromEntries(parseHostsFile(text));

test('every name on a line of a hosts file gets the address of that line', () => {
  expect(entriesOf('10.0.0.1\tone.test  two.test\n10.0.0.2 three.test')).toEqual({
    'one.test': ['10.0.0.1'],
    'two.test': ['10.0.0.1'],
    'three.test': ['10.0.0.2'],
  });
});

test('a name that several lines of a hosts file list gets the address of each line once, in the order of the file', () => {
  const text = '127.0.0.1 localhost\n::1 localhost\n127.0.0.1 localhost runsc\n';
  expect(entriesOf(text)).toEqual({ localhost: ['127.0.0.1', '::1'], runsc: ['127.0.0.1'] });
});

test('names of a hosts file are converted to lower case', () => {
  expect(entriesOf('10.0.0.1 Printer.Test')).toEqual({ 'printer.test': ['10.0.0.1'] });
});

test.each([
  ['without a line', ''],
  ['with only a comment', '# 10.0.0.1 one.test'],
  ['with a comment instead of a name', '10.0.0.1 # one.test'],
  ['with only white space', ' \t\n\r\n'],
  ['with an address and no name', '10.0.0.1'],
  ['with a name in the place of the address', 'one.test two.test'],
  ['with the short address 127.1', '127.1 one.test'],
  ['with leading zeros in an address', '010.0.0.1 one.test'],
  ['with a number above 255 in an address', '10.0.0.256 one.test'],
  ['with a zone in an address', 'fe80::1%lo0 localhost'],
  ['with a malformed IPv6 address', '::1::2 one.test'],
])('a hosts file %s gives no addresses', (_fault, text) => {
  expect(entriesOf(text)).toEqual({});
});

test('comments and Windows line ends in a hosts file do not become part of a name', () => {
  expect(entriesOf('  10.0.0.1 one.test# two.test\r\nfd00::1 three.test\r\n')).toEqual({
    'one.test': ['10.0.0.1'],
    'three.test': ['fd00::1'],
  });
});

test('a host in a hosts file may have the name constructor', () => {
  expect(parseHostsFile('10.0.0.1 constructor').get('constructor')).toEqual(['10.0.0.1']);
  expect(parseHostsFile('').get('constructor')).toBeUndefined();
});
