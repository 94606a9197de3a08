import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface AddressRange {
  readonly network: Address;
  readonly prefixLength: number;
  /** Whether it lies within the loopback range, and so opens it by name. */
  readonly isLoopback: boolean;
}

/** Ranges of addresses that are not public and may be called all the same. */
export type AddressAllowlist = readonly AddressRange[];

/** Why an address is refused: the class that it belongs to, such as `private` or `metadata`. */
export type AddressClass = string;

export const publicOnly: AddressAllowlist = [];

/** Digits without leading zeros, which some read as octal; IPv4 is not written as IPv6. */
const cidrForm = /^(?:(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*)\/[0-9]{1,3}$/;

/**
 * @param text CIDRs with commas between; undefined means none
 * @returns undefined when one of them is none, or has bits set behind its prefix
 */
export function parseAllowlist(text: string | undefined): AddressAllowlist | undefined {
  if (text === undefined) return publicOnly;
  const ranges = text.split(',').map((cidr) => parseRange(cidr.trim()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function parseRange(cidr: string): AddressRange | undefined {
  if (!cidrForm.test(cidr) || !ipaddr.isValidCIDR(cidr)) return undefined;
  const [network, prefixLength] = ipaddr.parseCIDR(cidr);
  // What such a range says is asked of the address of IPv4.
  if (isWellKnownNat64(network) || network.range() === 'ipv4Mapped') return undefined;
  const kind = network.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  if (kind.networkAddressFromCIDR(cidr).toString() !== network.toString()) return undefined;
  const isLoopback = network.range() === 'loopback' && prefixLength >= (network.kind() === 'ipv4' ? 8 : 128);
  return { network, prefixLength, isLoopback };
}

/**
 * What the cloud tells a machine about itself, credentials included: EC2 (169.254.169.254, fd00:ec2::254), ECS and EKS
 * (169.254.170.2, 169.254.170.23, fd00:ec2::23), and their neighbours. The link-local addresses of VPC Lattice are others.
 */
const metadataRanges = ['169.254.169.0/24', '169.254.170.0/24', 'fd00:ec2::/64'].map((cidr) => ipaddr.parseCIDR(cidr));

/** What no allowlist opens: a connection to 0.0.0.0 or :: ends at this machine. */
const neverCalled: ReadonlySet<string> = new Set(['unspecified', 'broadcast', 'multicast']);

/** All that is assigned of IPv6 for unicast between networks. Source: IANA, IPv6 address space. */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

/** Where an address of IPv4 may stand in one of IPv6: bytes that hold it. Sources: RFC 6052 section 2.2, RFC 3056, RFC 4380. */
const carriedAt = [
  [12, 13, 14, 15],
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
  [2, 3, 4, 5],
  [4, 5, 6, 7],
] as const;

/**
 * Whether a connection may be made to this address: to public unicast addresses, and to those that the allowlist opens.
 * ::ffff:0:0/96 and 64:ff9b::/96 are judged by the address of IPv4 that they stand for; every other way of carrying
 * one (6to4, Teredo, local NAT64) is not public.
 *
 * Failure policy: what is not understood is refused. Loopback is opened only by a range within it, never by one around it;
 * the addresses of metadata services by nothing, in whatever they are carried.
 *
 * @param text an address as a resolver answers it or a URL holds it, brackets apart
 * @returns the class that it is refused for; undefined when it may be called
 */
export function refusedAddress(text: string, allowlist: AddressAllowlist): AddressClass | undefined {
  const address = parseAddress(text);
  if (address === undefined) return 'not an address';
  if (isPublic(address)) return undefined;
  if ([address, ...carriedAddresses(address)].some(isMetadata)) return 'metadata';
  const range = address.range() === 'unicast' ? 'unassigned' : address.range();
  if (neverCalled.has(range)) return range;
  return allowlist.some((open) => opens(open, address)) ? undefined : range;
}

/** Whether it stands for this machine itself. */
export function isLoopbackAddress(text: string): boolean {
  return parseAddress(text)?.range() === 'loopback';
}

/**
 * What can be said of a URL's host before anybody resolves it.
 *
 * @param hostname as URL has it; an IPv6 address with or without brackets
 * @returns the class that it is refused for; undefined for an address that may be called, and for a name
 */
export function refusedHost(hostname: string, allowlist: AddressAllowlist): AddressClass | undefined {
  const literal = literalOf(hostname);
  if (literal !== undefined) return refusedAddress(literal, allowlist);
  return isLocalhost(hostname) && !allowlist.some(({ isLoopback }) => isLoopback) ? 'loopback' : undefined;
}

/** Whether a URL's host says by itself that it is this machine. */
export function isLoopbackHost(hostname: string): boolean {
  const literal = literalOf(hostname);
  return literal === undefined ? isLocalhost(hostname) : isLoopbackAddress(literal);
}

/** @returns undefined for a name; a colon or a zone makes an address, if a bad one */
export function literalOf(hostname: string): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
  return host.includes(':') || ipaddr.isValid(host) ? host : undefined;
}

/** Source: RFC 6761 section 6.3. */
function isLocalhost(hostname: string): boolean {
  return /(?:^|\.)localhost\.*$/i.test(hostname);
}

/** @returns what it stands for when that is an address of IPv4; a zone makes it none */
function parseAddress(text: string): Address | undefined {
  if (text.includes('%') || !ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  if (address.kind() === 'ipv4' || !isWellKnownNat64(address)) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function isWellKnownNat64(address: Address): boolean {
  return address.kind() === 'ipv6' && address.match(ipaddr.IPv6.parse('64:ff9b::'), 96);
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || address.match(...globalUnicast);
}

function isMetadata(address: Address): boolean {
  return metadataRanges.some(([network, prefixLength]) => matches(address, network, prefixLength));
}

function opens({ network, prefixLength, isLoopback }: AddressRange, address: Address): boolean {
  return matches(address, network, prefixLength) && (isLoopback || address.range() !== 'loopback');
}

function matches(address: Address, network: Address, prefixLength: number): boolean {
  return address.kind() === network.kind() && address.match(network, prefixLength);
}

/** Every address of IPv4 that this one of IPv6 could be read to carry; Teredo inverts its bits. */
function carriedAddresses(address: Address): readonly ipaddr.IPv4[] {
  if (address.kind() === 'ipv4') return [];
  const bytes = address.toByteArray();
  const carried = carriedAt.map((places) => places.map((place) => bytes[place] ?? 0));
  const inverted = bytes.slice(12).map((byte) => byte ^ 0xff);
  return [...carried, inverted].map((octets) => new ipaddr.IPv4(octets));
}
