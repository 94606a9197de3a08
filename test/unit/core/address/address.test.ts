import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isLoopbackHost,
  parseAllowlist,
  publicOnly,
  refusedAddress,
  refusedHost,
  wayToAllow,
} from '../../../../lib/core/address/address.ts';

/** The spelling to which a URL normalizes the address. */
const hostnameOf = (host: string): string | undefined => URL.parse(`https://${host}/`)?.hostname;
const allow = (cidrs: string) => parseAllowlist(cidrs) ?? expect.fail(`not an allowlist: ${cidrs}`);

/** The IPv4 ranges that are not public: those of IANA's IPv4 Special-Purpose Address Registry, and multicast. */
const specialIpv4 = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24',
  '192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
].flatMap((line) => line.split(' '));
const special = new BlockList();
for (const cidr of specialIpv4) special.addSubnet(cidr.split('/')[0] ?? '', Number(cidr.split('/')[1]), 'ipv4');

const dotted = (octets: readonly number[]): string => octets.join('.');
const octets = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 255 })));
/** A random address in one of these ranges; every range is equally likely. */
const specialOctets = fc.constantFrom(...specialIpv4).chain((cidr) => {
  const [network = '', length = ''] = cidr.split('/');
  const first = network.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
  return fc
    .integer({ min: 0, max: 2 ** (32 - Number(length)) - 1 })
    .map((offset) => [24, 16, 8, 0].map((shift) => ((first + offset) / 2 ** shift) & 0xff) as number[]);
});

/** The spellings that URL parsers and resolvers accept for an IPv4 address. */
function spellingsOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): readonly string[] {
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const each = [a, b, c, d];
  return [
    dotted(each),
    `${dotted(each)}.`,
    String(number),
    `0x${number.toString(16)}`,
    `0X${number.toString(16).toUpperCase()}`,
    `0${number.toString(8)}`,
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    each.map((octet) => `0x${octet.toString(16)}`).join('.'),
    each.map((octet) => `0${octet.toString(8)}`).join('.'),
    `0x${a.toString(16)}.${b}.0${(c * 256 + d).toString(8)}`,
    encodeURIComponent(dotted(each)).replaceAll('.', '%2e'),
    dotted(each).replaceAll('.', '\u3002'),
    dotted(each).replaceAll(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  ];
}

const hex = (high: number, low: number): string => ((high << 8) | low).toString(16);

/** IPv6 addresses that contain the IPv4 address, so that a packet to them may arrive there. */
function carriersOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): readonly string[] {
  const [high, low] = [hex(a, b), hex(c, d)];
  return [
    `::ffff:${dotted([a, b, c, d])}`,
    `::FFFF:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `0000:0000:0000:0000:0000:ffff:${high.padStart(4, '0')}:${low.padStart(4, '0')}`,
    `::${high}:${low}`,
    `::ffff:0:${high}:${low}`,
    `64:ff9b::${high}:${low}`,
    `64:ff9b::${dotted([a, b, c, d])}`,
    `64:ff9b:1::${high}:${low}`,
    `64:ff9b:1:${high}:${hex(0, c)}:${hex(d, 0)}::`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}::1`,
    `2001::${hex(a ^ 0xff, b ^ 0xff)}:${hex(c ^ 0xff, d ^ 0xff)}`,
  ];
}

describe('an address of IPv4', () => {
  test('exactly the special-purpose and multicast IPv4 addresses are refused', () => {
    fc.assert(
      fc.property(fc.oneof(octets, specialOctets), (parts) => {
        const address = dotted(parts);
        expect(refusedAddress(address, publicOnly) !== undefined).toBe(special.check(address));
      }),
      { numRuns: 2000 },
    );
  });

  test('an IPv4 address that is not public is refused in every spelling', () => {
    fc.assert(
      fc.property(specialOctets, (parts) => {
        for (const spelling of spellingsOf(parts)) {
          expect([spelling, refusedHost(hostnameOf(spelling) ?? expect.fail(spelling), publicOnly)]).not.toContain(
            undefined,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  test('an IPv4 address that is not public is refused inside every kind of IPv6 address', () => {
    fc.assert(
      fc.property(specialOctets, (parts) => {
        for (const carrier of carriersOf(parts)) {
          expect([carrier, refusedAddress(carrier, publicOnly)]).not.toContain(undefined);
          const hostname = hostnameOf(`[${carrier}]`) ?? expect.fail(carrier);
          expect([carrier, refusedHost(hostname, publicOnly)]).not.toContain(undefined);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('an IPv6 address is public only if it is within 2000::/3, whatever its spelling', () => {
  const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(words, ([first = 0, ...others]) => {
      fc.pre(first >> 13 !== 1);
      // Skips the two prefixes for IPv6 translation: an address under them may contain a public IPv4 address.
      fc.pre(first !== 0x64 && first !== 0);
      const spelled = [first, ...others].map((word) => word.toString(16)).join(':');
      expect(refusedAddress(spelled, publicOnly)).toBeDefined();
      expect(refusedAddress(spelled.toUpperCase(), publicOnly)).toBeDefined();
      expect(refusedHost(hostnameOf(`[${spelled}]`) ?? '', publicOnly)).toBeDefined();
    }),
  );
});

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '172.15.255.255',
  '172.32.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '223.255.255.255',
  '2606:2800:220:1:248:1893:25c8:1946',
  '2600:1f18::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
])('the address %s is public', (address) => {
  expect(refusedAddress(address, publicOnly)).toBeUndefined();
});

test.each([
  '',
  'example.com',
  '1.2.3.4.5',
  '256.1.1.1',
  '8.8.8.8/32',
  'fe80::1%eth0',
  '2606:2800::1%1',
  '::ffff:8.8.8.8%1',
  ':::',
])('%j is refused because it is not an address', (text) => {
  expect(refusedAddress(text, publicOnly)).toBe('not an address');
});

describe('the allowlist', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', 'accepted'],
    ['10.0.0.0/8', '::ffff:10.255.0.1', 'accepted'],
    ['10.0.0.0/8', '64:ff9b::10.255.0.1', 'accepted'],
    ['10.0.0.0/8', '2002:aff:1::1', 'refused as 6to4'],
    ['10.0.0.0/8', '11.0.0.1', 'accepted'],
    ['10.0.0.0/8', '192.168.0.1', 'refused as private'],
    ['10.1.2.3/32', '10.1.2.4', 'refused as private'],
    ['fd00::/8', 'fd12::1', 'accepted'],
    ['fd00::/8', 'fc00::1', 'refused as uniqueLocal'],
    ['100.64.0.0/10,10.0.0.0/8', '100.64.0.1', 'accepted'],
    // The addresses of VPC Lattice.
    ['169.254.171.0/24', '169.254.171.32', 'accepted'],
    ['fd00:ec2:80::/64', 'fd00:ec2:80::a9fe:ab20', 'accepted'],
    ['0.0.0.0/0', '127.0.0.1', 'refused as loopback'],
    ['::/0', '::1', 'refused as loopback'],
    ['126.0.0.0/7', '127.0.0.1', 'refused as loopback'],
    ['127.0.0.0/8', '127.8.9.10', 'accepted'],
    ['127.0.0.1/32', '127.0.0.2', 'refused as loopback'],
    ['127.0.0.0/8', '::ffff:127.0.0.1', 'accepted'],
    ['127.0.0.0/8', '::1', 'refused as loopback'],
    ['::1/128', '::1', 'accepted'],
    ['0.0.0.0/0', '0.0.0.0', 'refused as unspecified'],
    ['0.0.0.0/0', '224.0.0.1', 'refused as multicast'],
    ['0.0.0.0/0', '255.255.255.255', 'refused as broadcast'],
    ['::/0', '::', 'refused as unspecified'],
    ['10.0.0.0/8', '4000::1', 'refused as unassigned'],
    ['::/0', 'ff02::1', 'refused as multicast'],
  ])('with the allowlist %s the address %s is %s', (cidrs, address, verdict) => {
    const refusal = refusedAddress(address, allow(cidrs));
    expect(refusal === undefined ? 'accepted' : `refused as ${refusal}`).toBe(verdict);
  });

  test.each(['169.254.169.254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:ec2::23'])(
    'the metadata address %s is refused with any allowlist, even inside an IPv6 address',
    (address) => {
      const everything = allow(
        '0.0.0.0/0,::/0,169.254.0.0/16,169.254.169.254/32,169.254.170.0/24,fd00:ec2::/32,2002::/16,64:ff9b:1::/48',
      );
      const carriers = address.includes(':') ? [] : carriersOf(address.split('.').map(Number));
      for (const each of [address, ...carriers])
        expect([each, refusedAddress(each, everything)]).toEqual([each, 'metadata']);
    },
  );

  test.each(['10.0.0.0/8', '10.0.0.0/8, fd00::/8', '10.1.2.3/32,::1/128', '0.0.0.0/0', 'FD00::/8'])(
    'the allowlist %s is accepted',
    (cidrs) => {
      expect(parseAllowlist(cidrs)).toBeDefined();
    },
  );

  test.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.1/8',
    '10.0.0.0/08x',
    '010.0.0.0/8',
    '10.0.0/8',
    '167772160/8',
    '0xa.0.0.0/8',
    '256.0.0.0/8',
    'fd00::/129',
    'fd00::1/8',
    'fe80::%eth0/10',
    '::ffff:10.0.0.0/104',
    '::ffff:a00:0/104',
    '64:ff9b::/96',
    ':/8',
    'fd00::/8,',
    '10.0.0.0/8;fd00::/8',
    'example.com/8',
    '',
  ])('the allowlist %j is refused', (cidrs) => {
    expect(parseAllowlist(cidrs)).toBeUndefined();
  });
});

test.each([
  ['localhost', 'is'],
  ['LOCALHOST', 'is'],
  ['localhost.', 'is'],
  ['api.localhost', 'is'],
  ['[::1]', 'is'],
  ['127.9.9.9', 'is'],
  ['[::ffff:7f00:1]', 'is'],
  ['localhost.example.com', 'is not'],
  ['notlocalhost', 'is not'],
  ['127.0.0.1.example.com', 'is not'],
  ['10.0.0.1', 'is not'],
  ['0.0.0.0', 'is not'],
])('the host %s %s loopback', (host, verb) => {
  expect(isLoopbackHost(host)).toBe(verb === 'is');
});

test('a host name is refused only when it means loopback and the allowlist does not contain loopback', () => {
  expect(refusedHost('example.com', publicOnly)).toBeUndefined();
  expect(refusedHost('api.localhost', publicOnly)).toBe('loopback');
  expect(refusedHost('api.localhost', allow('0.0.0.0/0'))).toBe('loopback');
  expect(refusedHost('api.localhost', allow('127.0.0.0/8'))).toBeUndefined();
});

test.each(['10.0.0.1', '192.168.1.1', '100.64.0.1', '127.0.0.1', 'fd12::1'])(
  'the refusal of the address %s says how to allow it, because PRIVATE_NETWORK_ALLOWLIST can',
  (address) => {
    expect(wayToAllow(refusedAddress(address, []) ?? '')).toContain('PRIVATE_NETWORK_ALLOWLIST');
  },
);

test.each(['169.254.169.254', '0.0.0.0', '255.255.255.255', '224.0.0.1', 'nonsense'])(
  'the refusal of the address %s names no way to allow it, because there is none',
  (address) => {
    expect(wayToAllow(refusedAddress(address, []) ?? '')).toBeUndefined();
  },
);
