import { describe, expect, test } from 'vitest';
import type { UndiciHttpClientOptions } from '../../../lib/adapters/http/client.ts';
import { parseAllowlist, publicOnly } from '../../../lib/core/address/address.ts';
import type { RefusedAddress } from '../../../lib/ports/metrics.ts';
import { startDnsServer } from '../../servers/endpoints/dns-server.ts';
import { loopback } from '../../servers/endpoints/loopback.ts';
import { makeTlsCertificate } from '../../servers/endpoints/tls-certificate.ts';
import { connectionFree, failure, failureOf, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();
const name = 'endpoint.example.test';

/** An endpoint on 127.0.0.1, and a DNS server that resolves every name to the given addresses. */
async function setUp(answer: (name: string, index: number) => readonly string[]) {
  const [endpoint, dns] = await Promise.all([exchanges.endpoint(), startDnsServer(answer)]);
  exchanges.closedAtEnd(dns);
  const refused: RefusedAddress[] = [];
  const client = (options: UndiciHttpClientOptions = {}) =>
    exchanges.client({
      resolveName: dns.resolveName,
      onRefusal: (each) => refused.push(each),
      ...options,
    });
  const origin = endpoint.origin.replace('127.0.0.1', name);
  return { endpoint, dns, refused, client, origin };
}

describe('a name', () => {
  test('a request is sent to a name that resolves to an address of the allowlist', async () => {
    const { client, origin, endpoint, refused } = await setUp(() => ['127.0.0.1']);
    expect(await send(client(), origin)).toMatchObject({ status: 200 });
    expect(endpoint.requests).toHaveLength(1);
    expect(refused).toEqual([]);
  });

  test.each([
    ['loopback', ['127.0.0.1'], 'loopback'],
    ['a private address', ['10.1.2.3'], 'private'],
    ['a metadata service', ['169.254.169.254'], 'metadata'],
    ['a metadata service by IPv6', ['fd00:ec2::254'], 'metadata'],
    ['a private IPv4 address in IPv6 form', ['::ffff:192.168.1.1'], 'private'],
    ['a public and a private address', ['93.184.216.34', '10.1.2.3'], 'private'],
    ['a private and a public address', ['10.1.2.3', '93.184.216.34'], 'private'],
    ['a public IPv4 address and a private IPv6 address', ['93.184.216.34', 'fc00::1'], 'uniqueLocal'],
  ])(
    'a request to a name that resolves to %s is refused before a connection is opened',
    async (_what, addresses, reason) => {
      const { client, origin, endpoint, refused } = await setUp(() => addresses);
      const https = origin.replace('http:', 'https:');
      const thrown = await failureOf(send(client({ allowlist: publicOnly }), https));
      expect(thrown).toMatchObject({ ...failure('AddressRefused'), kind: 'permanent' });
      expect(String(thrown)).not.toContain(addresses[0]);
      expect(refused).toEqual([{ host: name, address: expect.any(String), reason }]);
      expect(endpoint.connectionCount()).toBe(0);
    },
  );

  test('a request to a name is refused when only one of its two addresses is in the allowlist', async () => {
    const { client, origin, endpoint, refused } = await setUp(() => ['127.0.0.1', '10.1.2.3']);
    expect(await failureOf(send(client(), origin))).toMatchObject(failure('AddressRefused'));
    expect(refused).toEqual([{ host: name, address: '10.1.2.3', reason: 'private' }]);
    expect(endpoint.connectionCount()).toBe(0);
  });

  test('the client connects to the address that it has checked, without a second DNS look-up', async () => {
    const allowlist = parseAllowlist('127.0.0.1/32') ?? publicOnly;
    const { client, origin, endpoint, dns } = await setUp((_name, index) => [index === 0 ? '127.0.0.1' : '127.0.0.2']);
    expect(await send(client({ allowlist }), origin)).toMatchObject({ status: 200 });
    expect(dns.asked).toEqual([name]);
    expect(endpoint.connectionCount()).toBe(1);
    expect(await failureOf(send(client({ allowlist }), origin))).toMatchObject(failure('AddressRefused'));
    expect(endpoint.connectionCount()).toBe(1);
  });

  test('a name that was refused for a private address is called after it resolves to an allowed address', async () => {
    const { client, origin, endpoint, dns } = await setUp((_name, index) => [index === 0 ? '10.1.2.3' : '127.0.0.1']);
    expect(await failureOf(send(client(), origin))).toMatchObject(failure('AddressRefused'));
    expect(dns.asked).toEqual([name]);
    expect(endpoint.connectionCount()).toBe(0);
  });

  test('a request on an open connection needs no DNS look-up', async () => {
    const { client, origin, dns } = await setUp(() => ['127.0.0.1']);
    const warm = client();
    for (let sent = 0; sent < 3; sent += 1) {
      await send(warm, origin);
      await connectionFree();
    }
    expect(dns.asked).toEqual([name]);
  });

  test('a request to a name without an address fails with DnsFailed', async () => {
    const { client, origin } = await setUp(() => []);
    expect(await failureOf(send(client(), origin))).toMatchObject(failure('DnsFailed'));
  });

  test.each(['localhost', 'endpoint.localhost', 'localhost.', 'LocalHost'])(
    'the client refuses %s without a DNS look-up when loopback is not in the allowlist',
    async (host) => {
      const { client, origin, dns, refused } = await setUp(() => ['93.184.216.34']);
      const sending = send(client({ allowlist: publicOnly }), origin.replace('http:', 'https:').replace(name, host));
      expect(await failureOf(sending)).toMatchObject(failure('AddressRefused'));
      expect(dns.asked).toEqual([]);
      expect(refused).toMatchObject([{ reason: 'loopback' }]);
    },
  );
});

describe('without TLS', () => {
  test.each(['93.184.216.34', '10.1.2.3'])('the client refuses a request without TLS to %s', async (address) => {
    const allowlist = parseAllowlist('10.0.0.0/8,127.0.0.0/8') ?? publicOnly;
    const { client, origin, refused } = await setUp(() => [address]);
    expect(await failureOf(send(client({ allowlist }), origin))).toMatchObject(failure('AddressRefused'));
    expect(await failureOf(send(client({ allowlist }), `http://${address}`))).toMatchObject(failure('AddressRefused'));
    expect(refused.map(({ reason }) => reason)).toEqual(Array(2).fill('http is allowed only for loopback addresses'));
  });

  test('the client refuses a request without TLS to loopback unless the allowlist contains a range within loopback', async () => {
    const { client, endpoint } = await setUp(() => []);
    for (const allowlist of [publicOnly, parseAllowlist('0.0.0.0/0,::/0') ?? loopback]) {
      expect(await failureOf(send(client({ allowlist }), endpoint.origin))).toMatchObject(failure('AddressRefused'));
    }
    expect(endpoint.connectionCount()).toBe(0);
  });
});

test('the client calls an address of the allowlist over TLS', async () => {
  const certificate = makeTlsCertificate(Date.now());
  const endpoint = await exchanges.misbehaving((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'), certificate);
  const connectOptions = () => ({ ca: certificate.certificate });
  expect(await send(exchanges.client({ connectOptions }), endpoint.origin)).toMatchObject({ status: 204 });
  const closed = exchanges.client({ connectOptions, allowlist: publicOnly });
  expect(await failureOf(send(closed, endpoint.origin))).toMatchObject(failure('AddressRefused'));
  expect(endpoint.connectionCount()).toBe(1);
});
