import tls, { createServer } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTlsCertificate } from '../../servers/endpoints/tls-certificate.ts';
import { failure, failureOf, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();
const yearMs = 365 * 86_400_000;
const answer = 'HTTP/1.1 204 No Content\r\n\r\n';

/** Node's own defaults. The tests weaken them until Node accepts everything. The client must still be strict. */
const careful = {
  ciphers: tls.DEFAULT_CIPHERS,
  version: tls.DEFAULT_MIN_VERSION,
  trust: process.env['NODE_TLS_REJECT_UNAUTHORIZED'],
};
beforeEach(() => {
  tls.DEFAULT_CIPHERS = 'DEFAULT@SECLEVEL=0';
  tls.DEFAULT_MIN_VERSION = 'TLSv1';
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
});
afterEach(() => {
  tls.DEFAULT_CIPHERS = careful.ciphers;
  tls.DEFAULT_MIN_VERSION = careful.version;
  if (careful.trust === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = careful.trust;
});

test.each([
  ['is not trusted', Date.now(), '127.0.0.1', false, 'CaCertificateSecretArn of the delivery policy'],
  ['has expired', Date.now() - yearMs, '127.0.0.1', true, 'must be renewed'],
  ['is not valid yet', Date.now() + yearMs, '127.0.0.1', true, ''],
  ['is for another host', Date.now(), 'localhost', true, 'ServerName of the delivery policy'],
])(
  'no request is sent to a server whose certificate %s, and the failure says what to do',
  async (_what, aroundMs, host, trusted, way) => {
    const certificate = makeTlsCertificate(aroundMs);
    const endpoint = await exchanges.misbehaving((socket) => socket.end(answer), certificate);
    const client = exchanges.client(trusted ? { connectOptions: () => ({ ca: certificate.certificate }) } : {});
    const failed = await failureOf(send(client, endpoint.origin.replace('127.0.0.1', host)));
    expect(failed).toMatchObject({ ...failure('TlsFailed'), message: expect.stringContaining(way) });
    expect(endpoint.requestCount()).toBe(0);
  },
);

test('the server name of a host with a final dot is sent without the dot, and the certificate of the server is accepted', async () => {
  const { key, certificate } = makeTlsCertificate(Date.now(), { dnsNames: ['endpoint.test'] });
  const asked: unknown[] = [];
  const server = createServer({ key, cert: certificate }, (socket) => {
    asked.push(socket.servername);
    socket.once('data', () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  exchanges.closedAtEnd({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = exchanges.client({
    connectOptions: () => ({ ca: certificate }),
    resolveName: async () => ['127.0.0.1'],
  });
  expect(await send(client, `https://endpoint.test.:${port}`)).toMatchObject({ status: 204 });
  expect(asked).toEqual(['endpoint.test']);
});

test.each([
  ['refuses', 'TLSv1.1', false],
  ['calls', 'TLSv1.2', true],
  ['calls', 'TLSv1.3', true],
] as const)('the client %s a server whose highest TLS version is %s', async (_verb, maxVersion, called) => {
  const { key, certificate } = makeTlsCertificate(Date.now());
  const options = { key, cert: certificate, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  const server = createServer(options, (socket) => socket.once('data', () => socket.end(answer)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  exchanges.closedAtEnd({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = exchanges.client({ connectOptions: () => ({ ca: certificate }) });
  const sent = send(client, `https://127.0.0.1:${port}`);
  if (called) expect(await sent).toMatchObject({ status: 204 });
  else expect(await failureOf(sent)).toMatchObject(failure('TlsFailed'));
});
