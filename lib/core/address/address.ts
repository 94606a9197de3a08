import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface AddressRange {
  readonly network: Address;
  readonly prefixLength: number;
  /** Whether the whole range is loopback. Only such a range opens loopback addresses and the name `localhost`. */
  readonly isLoopback: boolean;
}

/** Address ranges that may be called although they are not public. */
export type AddressAllowlist = readonly AddressRange[];

/** Why an address is refused: the class that it belongs to, such as `private` or `metadata`. */
export type AddressClass = string;

export const publicOnly: AddressAllowlist = [];

/**
 * Refuses leading zeros, because some parsers read such numbers as octal. Also refuses an IPv6 address that ends in dotted
 * decimal form, such as `::ffff:10.0.0.1`.
 */
const cidrForm = /^(?:(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*)\/[0-9]{1,3}$/;

/**
 * @param text CIDRs, separated by commas; undefined means no range
 * @returns undefined when one of them is not a CIDR, or has bits set after its prefix
 */
export function parseAllowlist(text: string | undefined): AddressAllowlist | undefined {
  if (text === undefined) return publicOnly;
  const ranges = text.split(',').map((cidr) => parseRange(cidr.trim()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function parseRange(cidr: string): AddressRange | undefined {
  if (!cidrForm.test(cidr) || !ipaddr.isValidCIDR(cidr)) return undefined;
  const [network, prefixLength] = ipaddr.parseCIDR(cidr);
  // `refusedAddress` judges such an address by the IPv4 address in it, so the range would never apply.
  if (isWellKnownNat64(network) || network.range() === 'ipv4Mapped') return undefined;
  const kind = network.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  if (kind.networkAddressFromCIDR(cidr).toString() !== network.toString()) return undefined;
  const isLoopback = network.range() === 'loopback' && prefixLength >= (network.kind() === 'ipv4' ? 8 : 128);
  return { network, prefixLength, isLoopback };
}

/**
 * Metadata services, which also hand out credentials: EC2 (169.254.169.254, fd00:ec2::254), ECS and EKS (169.254.170.2,
 * 169.254.170.23, fd00:ec2::23), and the addresses next to them. The link-local addresses of VPC Lattice are not among them.
 */
const metadataCidrs = ['169.254.169.0/24', '169.254.170.0/24', 'fd00:ec2::/64'];

/** Classes that no allowlist can open. A connection to 0.0.0.0 or :: reaches this machine itself. */
const neverCalled: ReadonlySet<string> = new Set(['unspecified', 'broadcast', 'multicast']);

/** The only assigned range of global IPv6 unicast. Source: IANA, IPv6 address space. */
const globalUnicastCidr = '2000::/3';

/** Performance: parsed at the first check, because the parser's expressions take 2 ms of a cold start. */
let parsed: { readonly metadata: readonly [Address, number][]; readonly globalUnicast: [Address, number] } | undefined;

function ranges(): NonNullable<typeof parsed> {
  parsed ??= {
    metadata: metadataCidrs.map((cidr) => ipaddr.parseCIDR(cidr)),
    globalUnicast: ipaddr.parseCIDR(globalUnicastCidr),
  };
  return parsed;
}

/**
 * The places in an IPv6 address where an IPv4 address can be: each row lists its four bytes. Sources: RFC 6052 section 2.2, RFC
 * 3056, RFC 4380.
 */
const carriedAt = [
  [12, 13, 14, 15],
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
  [2, 3, 4, 5],
  [4, 5, 6, 7],
] as const;

/**
 * Decides whether a connection may be made to this address. Only public unicast addresses, and addresses that the allowlist
 * opens, may be called. Addresses in ::ffff:0:0/96 and 64:ff9b::/96 are judged by the IPv4 address in them. Every other IPv6
 * address with an IPv4 address in it (6to4, Teredo, local NAT64) is not public.
 *
 * Failure policy: an address that cannot be parsed is refused. Only a range inside loopback opens loopback; a larger range does
 * not. No range opens a metadata service. This also holds for an IPv6 address that contains the IPv4 address of a metadata
 * service.
 *
 * @param text an address from a resolver or a URL, without brackets
 * @returns the class of a refused address; undefined for an address that may be called
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

/** Classes of addresses that stay refused, whatever the allowlist names. */
const noRange: ReadonlySet<string> = new Set([...neverCalled, 'metadata', 'not an address']);

/** A sentence that names the setting that allows the address; undefined when no setting allows it. */
export function wayToAllow(refused: AddressClass): string | undefined {
  return noRange.has(refused)
    ? undefined
    : 'If the address is yours, add its range to the variable PRIVATE_NETWORK_ALLOWLIST of the stack.';
}

export function isLoopbackAddress(text: string): boolean {
  return parseAddress(text)?.range() === 'loopback';
}

/**
 * Decides whether the host of a URL may be called, before its name is resolved.
 *
 * @param hostname in the form of `URL.hostname`; an IPv6 address may have brackets or not
 * @returns the class of a refused host; undefined for an address that may be called, and for a name that must be resolved first
 */
export function refusedHost(hostname: string, allowlist: AddressAllowlist): AddressClass | undefined {
  const literal = literalOf(hostname);
  if (literal !== undefined) return refusedAddress(literal, allowlist);
  return isLocalhost(hostname) && !allowlist.some(({ isLoopback }) => isLoopback) ? 'loopback' : undefined;
}

/** Whether the host of a URL is a loopback address or a localhost name. The name is not resolved. */
export function isLoopbackHost(hostname: string): boolean {
  const literal = literalOf(hostname);
  return literal === undefined ? isLocalhost(hostname) : isLoopbackAddress(literal);
}

/** @returns the address without brackets and final dots; undefined for a name. Any host with a colon counts as an address */
export function literalOf(hostname: string): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
  return host.includes(':') || ipaddr.isValid(host) ? host : undefined;
}

/** Source: RFC 6761 section 6.3. */
function isLocalhost(hostname: string): boolean {
  return /(?:^|\.)localhost\.*$/i.test(hostname);
}

/** @returns the address; for an IPv4-mapped or NAT64 address the IPv4 address in it; undefined if malformed or with a zone */
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
  return address.kind() === 'ipv4' || address.match(...ranges().globalUnicast);
}

function isMetadata(address: Address): boolean {
  return ranges().metadata.some(([network, prefixLength]) => matches(address, network, prefixLength));
}

function opens({ network, prefixLength, isLoopback }: AddressRange, address: Address): boolean {
  return matches(address, network, prefixLength) && (isLoopback || address.range() !== 'loopback');
}

function matches(address: Address, network: Address, prefixLength: number): boolean {
  return address.kind() === network.kind() && address.match(network, prefixLength);
}

/** Every IPv4 address that could be in this IPv6 address. Teredo inverts the bits. */
function carriedAddresses(address: Address): readonly ipaddr.IPv4[] {
  if (address.kind() === 'ipv4') return [];
  const bytes = address.toByteArray();
  const carried = carriedAt.map((places) => places.map((place) => bytes[place] ?? 0));
  const inverted = bytes.slice(12).map((byte) => byte ^ 0xff);
  return [...carried, inverted].map((octets) => new ipaddr.IPv4(octets));
}
