import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Transport } from '../../../lib/core/destination/delivery-policy.ts';
import type { AnswerRequest, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import {
  type CertificateAuthority,
  type CertificateSubject,
  makeCertificateAuthority,
  type TlsCertificate,
} from '../../servers/endpoints/tls-certificate.ts';
import { connectionFree, failure, failureOf, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();
const nowMs = Date.now();
let authority: CertificateAuthority;
let stranger: CertificateAuthority;

beforeAll(() => {
  authority = makeCertificateAuthority(nowMs);
  stranger = makeCertificateAuthority(nowMs, 'another authority');
});

/** A server with a certificate of our authority. It requires client certificates of the same authority. */
function mutualEndpoint(answer?: AnswerRequest, subject: CertificateSubject = {}): Promise<RecordingEndpoint> {
  const { key, certificate } = authority.issue(subject);
  return exchanges.endpoint(answer, { key, cert: certificate, ca: authority.certificate, requestCert: true });
}

function transportOf(client: TlsCertificate | undefined, members: Partial<Transport> = {}): Transport {
  return {
    key: JSON.stringify([client?.certificate, members]),
    caCertificatePem: authority.certificate,
    ...(client && {
      clientCertificate: { certificatePem: client.certificate, keyPem: client.key, expiresAtMs: Infinity },
    }),
    ...members,
  };
}

const clientCalled = (commonName: string, members: CertificateSubject = {}) =>
  authority.issue({ commonName, ...members });

describe('a client certificate', () => {
  test('the client shows its certificate to a server that asks for one', async () => {
    const endpoint = await mutualEndpoint();
    const transport = transportOf(clientCalled('orders'));
    expect(await send(exchanges.client(), endpoint.origin, { body: '{}' }, { transport })).toMatchObject({
      status: 200,
    });
    expect(endpoint.requests).toMatchObject([{ clientName: 'orders', body: '{}' }]);
  });

  test.each<[string, () => TlsCertificate | undefined, RegExp]>([
    // The server's alert may get lost when it closes the connection at once.
    ['without a client certificate', () => undefined, /^(TlsFailed|ConnectionReset)$/],
    ['with a client certificate of an unknown authority', () => stranger.issue({}), /^(TlsFailed|ConnectionReset)$/],
    [
      'with a client certificate whose key is too weak for TLS',
      () => clientCalled('orders', { namedCurve: 'prime192v1' }),
      /^TlsFailed$/,
    ],
  ])('a request %s fails with a retryable failure, and the endpoint gets nothing', async (_, certificate, code) => {
    const endpoint = await mutualEndpoint();
    const transport = transportOf(certificate());
    const refused = { name: 'Failure', code: expect.stringMatching(code), kind: 'retryable' };
    expect(await failureOf(send(exchanges.client(), endpoint.origin, {}, { transport }))).toMatchObject(refused);
    expect(endpoint.requests).toEqual([]);
  });

  test('a request fails with TlsFailed when the server refuses its certificate after the TLS 1.3 handshake', async () => {
    const endpoint = await exchanges.alerting(authority.issue({}));
    const transport = transportOf(clientCalled('orders'));
    expect(await failureOf(send(exchanges.client(), endpoint.origin, {}, { transport }))).toMatchObject(
      failure('TlsFailed'),
    );
  });

  test('requests with different client certificates never share a connection or a TLS session', async () => {
    const endpoint = await mutualEndpoint();
    const client = exchanges.client();
    const transports = ['orders', 'invoices'].map((name) => transportOf(clientCalled(name)));
    for (const round of [0, 1, 2]) {
      for (const transport of transports) await send(client, endpoint.origin, {}, { transport });
      await connectionFree();
      if (round === 1) endpoint.dropConnections();
    }
    const names = ['orders', 'invoices', 'orders', 'invoices', 'orders', 'invoices'];
    expect(endpoint.requests.map(({ clientName }) => clientName)).toEqual(names);
    expect(endpoint.requests.map(({ connection }) => connection)).toEqual([1, 2, 1, 2, 3, 4]);
  });

  test('no request fails, not even a running one, when a new client certificate replaces the old one', async () => {
    const [begun, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const endpoint = await mutualEndpoint(async ({ path }) => {
      if (path !== '/slow') return undefined;
      begun.resolve();
      await mayAnswer.promise;
      return { status: 202 };
    });
    const client = exchanges.client();
    const [before, after] = [transportOf(clientCalled('2025')), transportOf(clientCalled('2026'))];
    const slow = send(client, endpoint.origin, { path: '/slow' }, { transport: before });
    await begun.promise;
    const others = Array.from({ length: 20 }, (_, index) =>
      send(client, endpoint.origin, { path: `/${index}` }, { transport: index < 10 ? before : after }),
    );
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual(others.map(() => 200));
    mayAnswer.resolve();
    expect(await slow).toMatchObject({ status: 202 });
    const last = send(client, endpoint.origin, { path: '/last' }, { transport: after });
    expect(await last).toMatchObject({ status: 200 });
    const namesOf = (path: string) => endpoint.requests.find((request) => request.path === path)?.clientName;
    expect(['/slow', '/0', '/10', '/last'].map(namesOf)).toEqual(['2025', '2025', '2026', '2026']);
  });
});

describe('CA certificates', () => {
  const trusted = tls.getCACertificates('default');
  afterEach(() => tls.setDefaultCACertificates(trusted));

  test('the client trusts the given CA certificates instead of those of Node', async () => {
    tls.setDefaultCACertificates([...trusted, stranger.certificate]);
    const { key, certificate } = stranger.issue({});
    const endpoint = await exchanges.endpoint(undefined, { key, cert: certificate });
    const client = exchanges.client();
    expect(await send(client, endpoint.origin)).toMatchObject({ status: 200 });
    const pinned = send(client, endpoint.origin, {}, { transport: transportOf(undefined) });
    expect(await failureOf(pinned)).toMatchObject(failure('TlsFailed'));
    expect(endpoint.requests).toHaveLength(1);
  });

  test('the client accepts several CA certificates', async () => {
    const endpoint = await mutualEndpoint();
    const caCertificatePem = `${stranger.certificate}\n${authority.certificate}`;
    const transport = transportOf(clientCalled('orders'), { caCertificatePem });
    expect(await send(exchanges.client(), endpoint.origin, {}, { transport })).toMatchObject({ status: 200 });
  });
});

describe('the name of the server', () => {
  const inner = { addresses: [], dnsNames: ['inner.example.com'] };
  const sendAs = (origin: string, members: Partial<Transport>) =>
    send(exchanges.client(), origin, {}, { transport: transportOf(clientCalled('orders'), members) });

  test('the client requests the configured server name, and accepts a certificate with that name', async () => {
    const endpoint = await mutualEndpoint(undefined, inner);
    expect(await sendAs(endpoint.origin, { serverName: 'inner.example.com' })).toMatchObject({ status: 200 });
    const [request] = endpoint.requests;
    expect(request).toMatchObject({
      serverName: 'inner.example.com',
      headers: { host: new URL(endpoint.origin).host },
    });
  });

  test.each([
    ['has neither the configured server name nor the address', { serverName: 'other.example.com' }, inner],
    ['does not have the address, and no server name is configured', {}, inner],
    ['has the address but not the configured server name', { serverName: 'inner.example.com' }, {}],
  ])('a request fails with TlsFailed before anything is sent when the certificate %s', async (_, members, subject) => {
    const endpoint = await mutualEndpoint(undefined, subject);
    expect(await failureOf(sendAs(endpoint.origin, members))).toMatchObject(failure('TlsFailed'));
    expect(endpoint.requests).toEqual([]);
  });
});
