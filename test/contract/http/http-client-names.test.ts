import { describe, expect, test } from 'vitest';
import { createNames } from '../../../lib/adapters/dns/names.ts';
import { parseAllowlist, publicOnly } from '../../../lib/core/address/address.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { type DnsAnswer, silence, startDnsServer } from '../../servers/endpoints/dns-server.ts';
import { seesConnections, startSlowToConnect } from '../../servers/endpoints/slow-to-connect.ts';
import { makeTlsCertificate } from '../../servers/endpoints/tls-certificate.ts';
import { connectionFree, failure, failureOf, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();
const name = 'endpoint.example.test';

const dnsServer = async (answer: (name: string) => readonly string[] | DnsAnswer) =>
  exchanges.closedAtEnd(await startDnsServer(answer));

/** An address for documentation (RFC 3849). Connecting to it fails at once or never ends, which depends on the machine. */
const nowhere = '2001:db8::1';
const allowlist = parseAllowlist('2001:db8::/32,127.0.0.0/8,::1/128') ?? publicOnly;

describe('silent name servers', () => {
  test('a request is sent while DNS look-ups of many other names are waiting for an answer', async () => {
    const dns = await dnsServer((asked) => (asked === name ? ['127.0.0.1'] : silence));
    const clock = createManualClock();
    const resolveName = createNames({ clock, servers: [dns.address], hostsFile: '/no-hosts-file' });
    const client = exchanges.client({ clock, resolveName });
    const endpoint = await exchanges.endpoint();
    const silent = Array.from({ length: 8 }, (_, index) => failureOf(send(client, `http://silent-${index}.test`)));
    await dns.questions(16);
    expect(await send(client, endpoint.origin.replace('127.0.0.1', name))).toMatchObject({ status: 200 });
    await clock.advance(2000);
    for (const thrown of await Promise.all(silent)) expect(thrown).toMatchObject(failure('DnsFailed'));
  });
});

describe('addresses of both families', () => {
  test.runIf(seesConnections)(
    'an endpoint that cannot be reached by IPv6 is reached by IPv4 when connecting takes a second (Linux only)',
    async () => {
      const certificate = makeTlsCertificate(Date.now(), { dnsNames: [name] });
      const slow = exchanges.closedAtEnd(await startSlowToConnect(certificate));
      const dns = await dnsServer(() => [nowhere, '127.0.0.1']);
      const connectOptions = () => ({ ca: certificate.certificate });
      const client = exchanges.client({ resolveName: dns.resolveName, connectOptions, allowlist });
      const sending = send(client, `https://${name}:${slow.port}`);
      await slow.connecting();
      slow.accept();
      expect(await sending).toMatchObject({ status: 204 });
    },
  );

  test('an endpoint whose IPv6 address has no server is reached by IPv4', async () => {
    const dns = await dnsServer(() => ['::1', '127.0.0.1']);
    const endpoint = await exchanges.endpoint();
    const client = exchanges.client({ resolveName: dns.resolveName });
    expect(await send(client, endpoint.origin.replace('127.0.0.1', name))).toMatchObject({ status: 200 });
    expect(endpoint.requests).toMatchObject([{ headers: { host: endpoint.origin.replace('http://127.0.0.1', name) } }]);
  });

  test('TLS uses the name of the endpoint, whichever of its addresses connects first', async () => {
    const certificate = makeTlsCertificate(Date.now(), { dnsNames: [name] });
    const { key, certificate: cert } = certificate;
    const endpoint = await exchanges.endpoint(undefined, { key, cert });
    const dns = await dnsServer(() => [nowhere, '127.0.0.1']);
    const connectOptions = () => ({ ca: cert });
    const client = exchanges.client({ resolveName: dns.resolveName, connectOptions, allowlist });
    const origin = endpoint.origin.replace('127.0.0.1', name);
    expect(await send(client, origin)).toMatchObject({ status: 200 });
    await connectionFree();
    await send(client, origin);
    expect(endpoint.requests).toMatchObject([{ serverName: name }, { serverName: name }]);
    expect(endpoint.connectionCount()).toBe(1);
    const another = origin.replace(name, 'another.example.test');
    expect(await failureOf(send(client, another))).toMatchObject(failure('TlsFailed'));
  });

  test('a request fails with ConnectionRefused when every address of the endpoint refuses the connection', async () => {
    const dns = await dnsServer(() => ['::1', '127.0.0.1']);
    const client = exchanges.client({ resolveName: dns.resolveName });
    expect(await failureOf(send(client, `http://${name}:1`))).toMatchObject(failure('ConnectionRefused'));
  });

  test.runIf(seesConnections)(
    'a request fails with TimedOut when connecting takes 10 seconds (Linux only)',
    async () => {
      const slow = exchanges.closedAtEnd(await startSlowToConnect(makeTlsCertificate(Date.now())));
      const clock = createManualClock();
      const client = exchanges.client({ clock, allowlist });
      const failed = failureOf(send(client, `https://127.0.0.1:${slow.port}`));
      await slow.connecting();
      await clock.advance(10_000);
      expect(await failed).toMatchObject({
        ...failure('TimedOut'),
        message: expect.stringContaining('took too long to connect'),
      });
    },
  );
});

test('the client reaches a proxy at the second of its addresses when the first one refuses the connection', async () => {
  const dns = await dnsServer(() => ['::1', '127.0.0.1']);
  const proxy = await exchanges.misbehaving((socket) => socket.end('HTTP/1.1 403 No\r\n\r\n'));
  const client = exchanges.client({ resolveName: dns.resolveName });
  const transport = { key: 'proxied', proxyUrl: proxy.origin.replace('127.0.0.1', 'proxy.test') };
  const thrown = await failureOf(send(client, 'https://endpoint.test', {}, { transport }));
  expect(thrown).toMatchObject({ ...failure('ConnectionFailed'), message: expect.stringContaining('answered 403') });
  expect(dns.asked).toEqual(['proxy.test']);
});
