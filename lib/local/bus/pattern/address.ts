import type { ValueMatch } from './match.ts';
import { RefusedPattern } from './cursor.ts';

/** A CIDR block. Its bounds are hexadecimal: 8 digits for IPv4, 32 for IPv6. */
interface Block {
  readonly first: string;
  readonly last: string;
}

/**
 * @param text such as `10.0.0.0/24` or `2001:db8::/32`
 * @throws RefusedPattern with the service's text, without a position
 */
export function inBlock(text: string): ValueMatch {
  const { first, last } = parseBlock(text);
  return {
    term: { kind: 'present' },
    matches: (value) => {
      const address = typeof value === 'string' ? parseAddress(value) : undefined;
      return address?.length === first.length && address >= first && address <= last;
    },
  };
}

/** Matches every spelling of the same address, because the service compares such values as addresses. */
export function equalAddress(address: string): ValueMatch {
  return {
    term: { kind: 'address', value: address },
    matches: (value) => typeof value === 'string' && parseAddress(value) === address,
  };
}

function parseBlock(text: string): Block {
  const parts = text.split('/');
  while (parts.at(-1) === '') parts.pop();
  const [addressText = '', bitsText = ''] = parts;
  if (parts.length !== 2) throw new RefusedPattern("Malformed CIDR, one '/' required");
  const bits = parseMaskBits(bitsText);
  const address = parseAddress(addressText);
  if (address === undefined) {
    const problem = looksLikeAddress(addressText) ? 'Invalid' : 'Nonstandard';
    throw new RefusedPattern(`${problem} IP address: ${addressText}`);
  }
  const size = address.length * 4;
  if (bits >= size) throw new RefusedPattern(`IPv${size === 32 ? 4 : 6} mask bits must be < ${size}`);
  const low = (1n << BigInt(size - bits)) - 1n;
  const number = BigInt(`0x${address}`);
  return { first: hex(number & ~low, size), last: hex(number | low, size) };
}

function parseMaskBits(text: string): number {
  const bits = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(Math.abs(bits) < 2 ** 31)) throw new RefusedPattern('Malformed CIDR, mask bits must be an integer');
  if (bits < 0) throw new RefusedPattern('Malformed CIDR, mask bits must not be negative');
  return bits;
}

function hex(number: bigint, size: number): string {
  return number.toString(16).padStart(size / 4, '0');
}

/** @returns hexadecimal digits: 8 for IPv4 and for IPv4-mapped IPv6, 32 for other IPv6; undefined for any other text */
export function parseAddress(text: string): string | undefined {
  if (!looksLikeAddress(text)) return undefined;
  const address = text.includes(':') ? parseSixteenBytes(text) : parseFourBytes(text);
  return address?.startsWith(mappedPrefix) === true ? address.slice(mappedPrefix.length) : address;
}

const mappedPrefix = `${'0'.repeat(20)}ffff`;
const maxFourBytesText = '255.255.255.255'.length;

function looksLikeAddress(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) || (/^[\da-fA-F:]+$/.test(text) && text.includes(':'));
}

function parseFourBytes(text: string): string | undefined {
  const numbers = text.split('.').map(Number);
  if (text.length > maxFourBytesText || numbers.some((number) => number > 0xff)) return undefined;
  return numbers.map((number) => number.toString(16).padStart(2, '0')).join('');
}

function parseSixteenBytes(text: string): string | undefined {
  const [head = '', tail, ...rest] = text.split('::');
  if (rest.length > 0) return undefined;
  const before = parseGroups(head);
  const after = tail === undefined ? [] : parseGroups(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...Array<string>(missing).fill('0000'), ...after].join('');
}

function parseGroups(text: string): readonly string[] | undefined {
  if (text === '') return [];
  const groups = text.split(':').map((group) => group.replace(/^0+(?=.)/, '').padStart(4, '0'));
  const valid = groups.every((group) => group.length === 4) && !/^:|::|:$/.test(text);
  return valid ? groups.map((group) => group.toLowerCase()) : undefined;
}
