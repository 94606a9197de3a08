import ipaddr from 'ipaddr.js';

/** Addresses by name, in the order of the file. Names are in lower case. */
export type HostsFile = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a hosts file. Each line has an address, its names, and perhaps a comment. A name that stands on several lines has the
 * addresses of all these lines. Source: hosts(5).
 *
 * A line whose first word is not an address is left out. A line with an address that has a zone (`fe80::1%lo0`) is left out too,
 * because no request may go to such an address.
 */
export function parseHostsFile(text: string): HostsFile {
  const addressesByName = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/s, '').trim().split(/\s+/);
    if (!isAddress(address)) continue;
    for (const name of names) addAddress(addressesByName, name.toLowerCase(), address);
  }
  return addressesByName;
}

function addAddress(addressesByName: Map<string, string[]>, name: string, address: string): void {
  const known = addressesByName.get(name);
  if (known === undefined) addressesByName.set(name, [address]);
  else if (!known.includes(address)) known.push(address);
}

/** Whether sockets accept the word as an address: IPv4 as four decimal numbers, or IPv6 without a zone. */
function isAddress(word: string): boolean {
  if (word.includes(':')) return !word.includes('%') && ipaddr.IPv6.isValid(word);
  return ipaddr.IPv4.isValidFourPartDecimal(word);
}
