import type { Socket } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllowlist, publicOnly } from '../../../lib/core/address/address.ts';
import type { Transport } from '../../../lib/core/destination/delivery-policy.ts';
import { type AnswerConnect, startConnectProxy } from '../../servers/endpoints/connect-proxy.ts';
import { type CertificateAuthority, makeCertificateAuthority } from '../../servers/endpoints/tls-certificate.ts';
import { connectionFree, failure, failureOf, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();
let authority: CertificateAuthority;

beforeAll(() => {
  authority = makeCertificateAuthority(Date.now());
});

const through = (proxyUrl: string, members: Partial<Transport> = {}): { transport: Transport } => ({
  transport: { key: proxyUrl, proxyUrl, caCertificatePem: authority.certificate, ...members },
});

async function startProxy(answer?: AnswerConnect) {
  return exchanges.closedAtEnd(await startConnectProxy(answer));
}

function tlsEndpoint(mutual = false) {
  const { key, certificate } = authority.issue({ dnsNames: ['endpoint.test'] });
  return exchanges.endpoint(undefined, { key, cert: certificate, ca: authority.certificate, requestCert: mutual });
}

const portOf = (origin: string) => new URL(origin).port;

describe('by way of a proxy', () => {
  test('requests go through one encrypted tunnel, so the proxy cannot read them', async () => {
    const [proxy, endpoint] = await Promise.all([startProxy(), tlsEndpoint()]);
    const client = exchanges.client();
    for (const path of ['/1', '/2']) {
      const request = { path, body: 'body-canary', headers: { 'x-secret': 'header-canary' } };
      expect(await send(client, endpoint.origin, request, through(proxy.url))).toMatchObject({ status: 200 });
      await connectionFree();
    }
    expect(endpoint.requests.map(({ path, connection }) => [path, connection])).toEqual([
      ['/1', 1],
      ['/2', 1],
    ]);
    expect(proxy.asked).toEqual([{ authority: `127.0.0.1:${portOf(endpoint.origin)}`, headers: ['host'] }]);
    expect(proxy.passed()).not.toContain('canary');
  });

  test('the proxy resolves the name of the endpoint', async () => {
    const [proxy, endpoint] = await Promise.all([startProxy(), tlsEndpoint()]);
    const origin = `https://endpoint.test:${portOf(endpoint.origin)}`;
    expect(await send(exchanges.client(), origin, {}, through(proxy.url))).toMatchObject({ status: 200 });
    expect(proxy.asked).toMatchObject([{ authority: new URL(origin).host }]);
    expect(endpoint.requests).toMatchObject([{ serverName: 'endpoint.test' }]);
  });

  test('the client asks the proxy for port 443 when the URL has no port', async () => {
    const proxy = await startProxy((_, client) => {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return 'answered';
    });
    const client = exchanges.client();
    for (const origin of ['https://endpoint.test', 'http://localhost', 'https://[::1]']) {
      await failureOf(send(client, origin, {}, through(proxy.url)));
    }
    expect(proxy.asked.map((each) => each.authority)).toEqual(['endpoint.test:443', 'localhost:80', '[::1]:443']);
  });

  test('the client verifies the certificate of an endpoint behind a proxy, and shows its own certificate', async () => {
    const [proxy, endpoint] = await Promise.all([startProxy(), tlsEndpoint(true)]);
    const client = exchanges.client();
    for (const commonName of ['orders', 'invoices']) {
      const { key, certificate } = authority.issue({ commonName });
      const clientCertificate = { certificatePem: certificate, keyPem: key, expiresAtMs: Infinity };
      await send(client, endpoint.origin, {}, through(proxy.url, { key: commonName, clientCertificate }));
    }
    expect(endpoint.requests.map(({ clientName }) => clientName)).toEqual(['orders', 'invoices']);
  });

  test('the client sends nothing to an untrusted endpoint behind a proxy, and closes the tunnel', async () => {
    const [proxy, endpoint] = await Promise.all([startProxy(), tlsEndpoint()]);
    const { transport } = through(proxy.url);
    const { caCertificatePem: _, ...trustingNode } = transport;
    const sending = send(exchanges.client(), endpoint.origin, {}, { transport: trustingNode });
    expect(await failureOf(sending)).toMatchObject({
      ...failure('TlsFailed'),
      message: expect.stringContaining(endpoint.origin),
    });
    await proxy.allClosed();
    expect(endpoint.requests).toEqual([]);
  });

  test('a client certificate that OpenSSL refuses fails only its own request, and the client closes the tunnel', async () => {
    const [proxy, endpoint] = await Promise.all([startProxy(), tlsEndpoint()]);
    const { key, certificate } = authority.issue({ namedCurve: 'prime192v1' });
    const clientCertificate = { certificatePem: certificate, keyPem: key, expiresAtMs: Infinity };
    const sending = send(exchanges.client(), endpoint.origin, {}, through(proxy.url, { clientCertificate }));
    expect(await failureOf(sending)).toMatchObject(failure('TlsFailed'));
    await proxy.allClosed();
  });

  test('a request without TLS also goes through a tunnel', async () => {
    const [proxy, endpoint] = await Promise.all([startProxy(), exchanges.endpoint()]);
    const client = exchanges.client();
    for (const body of ['1', '2']) {
      expect(await send(client, endpoint.origin, { body }, through(proxy.url))).toMatchObject({ status: 200 });
      await connectionFree();
    }
    expect(endpoint.requests.map(({ body, connection }) => [body, connection])).toEqual([
      ['1', 1],
      ['2', 1],
    ]);
    expect(proxy.asked).toHaveLength(1);
  });

  test('the certificate of a TLS proxy is verified with Node’s authorities, not with the endpoint’s', async () => {
    const proxies = makeCertificateAuthority(Date.now(), 'authority of the proxies');
    const { key, certificate } = proxies.issue({});
    const proxy = exchanges.closedAtEnd(await startConnectProxy(undefined, { key, cert: certificate }));
    const endpoint = await tlsEndpoint();
    const trusting = exchanges.client({ connectOptions: () => ({ ca: proxies.certificate }) });
    expect(await send(trusting, endpoint.origin, {}, through(proxy.url))).toMatchObject({ status: 200 });
    const failed = await failureOf(send(exchanges.client(), endpoint.origin, {}, through(proxy.url)));
    expect(failed).toMatchObject({
      ...failure('TlsFailed'),
      message: expect.stringContaining(`the proxy ${proxy.url}`),
    });
  });
});

describe('a proxy that refuses', () => {
  const saying =
    (text: string): AnswerConnect =>
    (_, client) => {
      client.end(text);
      return 'answered';
    };
  test.each([
    ['asks for credentials', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'answered 407'],
    ['forbids the tunnel', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ncanary', 'answered 403'],
    ['cannot reach the endpoint', 'HTTP/1.0 502 Bad Gateway\r\n\r\n', 'answered 502'],
    ['asks for another protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'answered 101'],
    ['sends an answer that is not HTTP', 'SSH-2.0-canary\r\n\r\n', 'gave an answer that is not HTTP'],
    ['sends a head of 20 kB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`, 'gave an answer that is too long'],
    ['sends half a head', 'HTTP/1.1 200 OK\r\n', 'closed the connection'],
    ['closes the connection without an answer', '', 'closed the connection'],
  ])('a request fails with the retryable failure ConnectionFailed when the proxy %s', async (_, text, problem) => {
    const proxy = await startProxy(saying(text));
    const sending = send(exchanges.client(), 'https://endpoint.test:8443', {}, through(proxy.url));
    expect(await failureOf(sending)).toMatchObject({
      ...failure('ConnectionFailed'),
      kind: 'retryable',
      message: `The proxy ${proxy.url} ${problem} when asked for endpoint.test:8443.`,
    });
    await proxy.allClosed();
  });

  test('a request fails with ConnectionFailed when the proxy resets the connection', async () => {
    const proxy = await startProxy((_, client) => {
      (client as Socket).resetAndDestroy();
      return 'answered';
    });
    const sending = send(exchanges.client(), 'https://endpoint.test', {}, through(proxy.url));
    expect(await failureOf(sending)).toMatchObject(failure('ConnectionFailed'));
  });

  test('the client understands a refusal that the proxy sends in pieces', async () => {
    const endpoint = await exchanges.endpoint();
    const proxy = await startProxy((_, client) => {
      const pieces = 'HTTP/1.1 418 Teapot\r\nA: b\r\n\r\n'.split('');
      const next = () => {
        const piece = pieces.shift();
        if (piece === undefined) return;
        client.write(piece, () => setImmediate(next));
      };
      next();
      return 'answered';
    });
    const failed = await failureOf(send(exchanges.client(), endpoint.origin, {}, through(proxy.url)));
    expect(failed).toMatchObject({ ...failure('ConnectionFailed'), message: expect.stringContaining('answered 418') });
  });

  test('a request to a proxy that does not answer ends at its timeout', async () => {
    const proxy = await startProxy(() => 'answered');
    const options = { ...through(proxy.url), timeoutMs: 50 };
    const failed = await failureOf(send(exchanges.client(), 'https://endpoint.test', {}, options));
    expect(failed).toMatchObject(failure('TimedOut'));
  });

  test('a request fails with ConnectionFailed when the proxy does not answer within the connect timeout', async () => {
    const proxy = await startProxy((_, client) => {
      client.resume().once('end', () => client.end());
      return 'answered';
    });
    const client = exchanges.client({ connectOptions: () => ({ timeout: 50 }) });
    const failed = await failureOf(send(client, 'https://endpoint.test', {}, through(proxy.url)));
    expect(failed).toMatchObject({
      ...failure('ConnectionFailed'),
      message: expect.stringContaining('gave no answer in time'),
    });
    await proxy.allClosed();
  });

  test('a failure names the proxy when no server listens at the address of the proxy', async () => {
    const gone = await startConnectProxy();
    await gone.close();
    const failed = await failureOf(send(exchanges.client(), 'https://endpoint.test', {}, through(gone.url)));
    expect(failed).toMatchObject({
      ...failure('ConnectionRefused'),
      message: `The connection was refused by the proxy ${gone.url} (ECONNREFUSED).`,
    });
  });

  test('a failure names the proxy when the name of the proxy cannot be resolved', async () => {
    const failed = await failureOf(
      send(exchanges.client(), 'https://endpoint.test', {}, through('http://proxy.invalid:1')),
    );
    expect(failed).toMatchObject({
      ...failure('DnsFailed'),
      message: expect.stringContaining('the proxy http://proxy'),
    });
  });
});

describe('a proxy that opens the tunnel', () => {
  const opening = 'HTTP/1.1 200 Connection established\r\n\r\n';
  const answering =
    (text: string): AnswerConnect =>
    (_, client) => {
      client.write(text);
      client.resume().once('end', () => client.end());
      return 'answered';
    };

  const early = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary';
  test.each([
    ['with TLS', 'an answer of the endpoint', 'https://endpoint.test', early],
    ['without TLS', 'an answer of the endpoint', 'http://127.0.0.1:1', early],
    ['with TLS', '4 MiB', 'https://endpoint.test', 'x'.repeat(4_194_304)],
  ])(
    'a request %s fails with ConnectionFailed and is not repeated when the proxy sends %s after its own answer',
    async (_tls, _extra, origin, text) => {
      const proxy = await startProxy(answering(opening + text));
      const failed = await failureOf(send(exchanges.client(), origin, {}, { ...through(proxy.url), timeoutMs: 2000 }));
      expect(failed).toMatchObject({
        ...failure('ConnectionFailed'),
        message: `The proxy ${proxy.url} sent extra bytes after its answer when asked for ${proxy.asked[0]?.authority}.`,
      });
      expect(proxy.asked).toHaveLength(1);
      await proxy.allClosed();
    },
  );

  test('a request fails with TlsFailed when the proxy itself answers in the tunnel', async () => {
    const proxy = await startProxy((_, client) => {
      client.write(opening);
      client.once('data', () => client.write(early)).once('end', () => client.end());
      return 'answered';
    });
    const failed = await failureOf(send(exchanges.client(), 'https://endpoint.test', {}, through(proxy.url)));
    expect(failed).toMatchObject(failure('TlsFailed'));
    expect(String(failed)).not.toContain('canary');
    await proxy.allClosed();
  });

  test('a request ends at its timeout when the proxy opens the tunnel and then sends nothing', async () => {
    const proxy = await startProxy(answering(opening));
    const options = { ...through(proxy.url), timeoutMs: 50 };
    const failed = await failureOf(send(exchanges.client(), 'https://endpoint.test', {}, options));
    expect(failed).toMatchObject(failure('TimedOut'));
  });

  test('a request fails with a retryable failure when the proxy opens the tunnel and then closes it', async () => {
    const proxy = await startProxy((_, client) => {
      client.end(opening);
      return 'answered';
    });
    const failed = await failureOf(send(exchanges.client(), 'https://endpoint.test', {}, through(proxy.url)));
    expect(failed).toMatchObject({ name: 'Failure', kind: 'retryable' });
  });
});

describe('the address', () => {
  test('a request through a proxy at a refused address fails with AddressRefused', async () => {
    const proxy = await startProxy();
    const refused: unknown[] = [];
    const client = exchanges.client({ allowlist: publicOnly, onRefusal: (each) => refused.push(each) });
    const failed = await failureOf(send(client, 'https://endpoint.test', {}, through(proxy.url)));
    expect(failed).toMatchObject(failure('AddressRefused'));
    expect([refused, proxy.asked]).toEqual([[{ host: '127.0.0.1', reason: 'loopback' }], []]);
  });

  test('a proxy without TLS is not refused when its address is in the allowlist', async () => {
    const client = exchanges.client({ allowlist: parseAllowlist('192.0.2.0/24') ?? publicOnly });
    const options = { ...through('http://192.0.2.1:3128'), timeoutMs: 50 };
    const failed = await failureOf(send(client, 'https://endpoint.test', {}, options));
    expect(failed).not.toMatchObject(failure('AddressRefused'));
  });

  test.each(['https://10.0.0.1', 'https://169.254.169.254', 'http://93.184.215.14', 'http://endpoint.test'])(
    'a request to %s is refused before the client asks the proxy for a tunnel',
    async (origin) => {
      const proxy = await startProxy();
      expect(await failureOf(send(exchanges.client(), origin, {}, through(proxy.url)))).toMatchObject(
        failure('AddressRefused'),
      );
      expect(proxy.asked).toEqual([]);
    },
  );
});
