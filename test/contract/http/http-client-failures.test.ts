import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { connectionFree, failure, failureOf, httpExchanges, send } from './http-exchanges.ts';
import { makeTlsCertificate } from '../../servers/endpoints/tls-certificate.ts';

const exchanges = httpExchanges();
const shortMs = 50;

/** Sends the text and then closes the connection with FIN. */
const sayAndEnd = (text: string) => (socket: Socket) => socket.end(text);
/** Sends the text and then closes the connection with RST. */
const sayAndReset = (text: string) => (socket: Socket) => socket.write(text, () => socket.resetAndDestroy());
const say = (text: string) => (socket: Socket) => socket.write(text);

describe('no connection', () => {
  test('a request to a port where no server listens fails with ConnectionRefused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await new Promise((resolve) => server.close(resolve));
    expect(await failureOf(send(exchanges.client(), `http://127.0.0.1:${port}`))).toMatchObject(
      failure('ConnectionRefused'),
    );
  });

  test('a request to an unknown name fails with DnsFailed', async () => {
    expect(await failureOf(send(exchanges.client(), 'https://endpoint.invalid'))).toMatchObject(failure('DnsFailed'));
  });

  test('a request whose timeout ends before the look-up of its name fails with DnsFailed', async () => {
    const resolveName = () => new Promise<never>(() => undefined);
    const sending = send(exchanges.client({ resolveName }), 'http://endpoint.test', {}, { timeoutMs: shortMs });
    expect(await failureOf(sending)).toMatchObject(failure('DnsFailed'));
  });

  test('a pending DNS look-up for another connection does not change the failure of a request that times out', async () => {
    const endpoint = await exchanges.misbehaving(() => undefined);
    const resolveName = async () =>
      endpoint.connectionCount() === 0 ? ['127.0.0.1'] : new Promise<never>(() => undefined);
    const client = exchanges.client({ resolveName });
    const origin = endpoint.origin.replace('127.0.0.1', 'endpoint.test');
    const asked = failureOf(send(client, origin, {}, { timeoutMs: 500 }));
    await expect.poll(() => endpoint.requestCount()).toBe(1);
    expect(await failureOf(send(client, origin, {}, { timeoutMs: shortMs }))).toMatchObject(failure('DnsFailed'));
    expect(await asked).toMatchObject(failure('TimedOut'));
  });

  test('a request to a server with an untrusted certificate fails with TlsFailed, and nothing is sent', async () => {
    const endpoint = await exchanges.misbehaving(say('HTTP/1.1 200 OK\r\n\r\n'), makeTlsCertificate(Date.now()));
    expect(await failureOf(send(exchanges.client(), endpoint.origin))).toMatchObject(failure('TlsFailed'));
    expect(endpoint.requestCount()).toBe(0);
  });

  test('a request to a server with a trusted certificate for another host fails with TlsFailed, and nothing is sent', async () => {
    const certificate = makeTlsCertificate(Date.now());
    const endpoint = await exchanges.misbehaving(say('HTTP/1.1 200 OK\r\n\r\n'), certificate);
    const client = exchanges.client({ connectOptions: () => ({ ca: certificate.certificate }) });
    expect(await failureOf(send(client, endpoint.origin.replace('127.0.0.1', 'localhost')))).toMatchObject(
      failure('TlsFailed'),
    );
    expect(endpoint.requestCount()).toBe(0);
  });

  test('a TLS request to a server without TLS fails with TlsFailed', async () => {
    const endpoint = await exchanges.endpoint();
    expect(await failureOf(send(exchanges.client(), endpoint.origin.replace('http:', 'https:')))).toMatchObject(
      failure('TlsFailed'),
    );
  });
});

describe('a lost connection', () => {
  test.each([
    ['reset', sayAndReset('')],
    ['closed', sayAndEnd('')],
  ])(
    'a request fails with ConnectionReset and is not repeated when its new connection is %s before an answer',
    async (_how, misbehave) => {
      const endpoint = await exchanges.misbehaving(misbehave);
      expect(await failureOf(send(exchanges.client(), endpoint.origin))).toMatchObject(failure('ConnectionReset'));
      expect(endpoint.requestCount()).toBe(1);
    },
  );

  test.each(['HTTP/1.1 2', 'HTTP/1.1 200 OK\r\ncontent-le'])(
    'a request fails with AnswerInvalid when the connection ends within the head %j',
    async (head) => {
      const endpoint = await exchanges.misbehaving(sayAndEnd(head));
      expect(await failureOf(send(exchanges.client(), endpoint.origin))).toMatchObject(failure('AnswerInvalid'));
      expect(endpoint.requestCount()).toBe(1);
    },
  );

  test.each([
    ['a 400 with a length', 'HTTP/1.1 400 No\r\ncontent-length: 10\r\n\r\nhalf'],
    ['a chunked 302', 'HTTP/1.1 302 Found\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    [
      'a chunked 500 with Connection: close',
      'HTTP/1.1 500 No\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf',
    ],
    ['a 503 with a length', 'HTTP/1.1 503 No\r\ncontent-length: 10\r\n\r\nhalf'],
  ])('a request fails with AnswerInvalid when the connection ends within the body of %s', async (_what, text) => {
    const endpoint = await exchanges.misbehaving(sayAndEnd(text));
    expect(await failureOf(send(exchanges.client(), endpoint.origin))).toMatchObject(failure('AnswerInvalid'));
  });

  test('a request fails with AnswerInvalid when the connection is reset within the body', async () => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write('HTTP/1.1 500 No\r\ncontent-length: 10\r\n\r\nhalf', () =>
        setImmediate(() => socket.resetAndDestroy()),
      );
    });
    expect(await failureOf(send(exchanges.client(), endpoint.origin))).toMatchObject(failure('AnswerInvalid'));
  });

  test('an answer body without a length is complete when the connection ends', async () => {
    const endpoint = await exchanges.misbehaving(sayAndEnd('HTTP/1.1 500 No\r\n\r\nwhole'));
    expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status: 500, body: 'whole' });
  });
});

describe('a 2xx that breaks off after its head', () => {
  const broken: readonly (readonly [string, (socket: Socket) => unknown])[] = [
    ['body ends before its length', sayAndEnd('HTTP/1.1 202 OK\r\ncontent-length: 10\r\n\r\nhalf')],
    ['body never begins', sayAndEnd('HTTP/1.1 202 OK\r\ncontent-length: 10\r\n\r\n')],
    ['last chunk is missing', sayAndEnd('HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n')],
    ['chunk size is malformed', say('HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')],
    ['connection is reset within the body', sayAndReset('HTTP/1.1 202 OK\r\ncontent-length: 9\r\n\r\nx')],
    ['body does not end within the timeout', say('HTTP/1.1 202 OK\r\ncontent-length: 10\r\n\r\nhalf')],
  ];

  test.each(broken)(
    'when its %s, a 2xx counts as an answer without a body, and the connection is closed',
    async (_how, misbehave) => {
      const endpoint = await exchanges.misbehaving(misbehave);
      const answer = await send(exchanges.client(), endpoint.origin, {}, { timeoutMs: 500 });
      expect(answer).toMatchObject({ status: 202, body: '' });
      await endpoint.allClosed();
      expect(endpoint.requestCount()).toBe(1);
    },
  );

  test.each(broken)(
    'when the caller needs the body of a 2xx answer, the request fails if its %s',
    async (_how, misbehave) => {
      const endpoint = await exchanges.misbehaving(misbehave);
      const sending = send(exchanges.client(), endpoint.origin, {}, { timeoutMs: 500, readSuccessBody: true });
      expect(await failureOf(sending)).toMatchObject({ name: 'Failure' });
    },
  );
});

describe('an answer that is not valid HTTP', () => {
  test.each([
    ['a greeting of SMTP', '220 smtp.example.com ESMTP\r\n'],
    ['the version HTTP/9.9', 'HTTP/9.9 200 OK\r\n\r\n'],
    ['two different lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    ],
    ['a bad chunk size', 'HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['thousands of headers', `HTTP/1.1 200 OK\r\n${'x-padding: 0123456789\r\n'.repeat(5000)}\r\n`],
    ['one endless header', `HTTP/1.1 200 OK\r\nx-padding: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])(
    'a request fails with AnswerInvalid, and its connection is closed, when the answer has %s',
    async (_what, text) => {
      const endpoint = await exchanges.misbehaving(say(text));
      expect(await failureOf(send(exchanges.client(), endpoint.origin))).toMatchObject(failure('AnswerInvalid'));
      await endpoint.allClosed();
      expect(endpoint.requestCount()).toBe(1);
    },
  );
});

describe('the timeout', () => {
  test.each([
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\n'],
    ['an informational answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['half the body of an error', 'HTTP/1.1 500 No\r\ncontent-length: 10\r\n\r\nhalf'],
  ])(
    'a request ends at its timeout, and its connection is closed, when the endpoint has sent only %s',
    async (_what, text) => {
      const endpoint = await exchanges.misbehaving(say(text));
      expect(await failureOf(send(exchanges.client(), endpoint.origin, {}, { timeoutMs: shortMs }))).toMatchObject(
        failure('TimedOut'),
      );
      await endpoint.allClosed();
      expect(endpoint.requestCount()).toBe(1);
    },
  );

  test('bytes that arrive slowly do not restart the timeout', async () => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write('HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n');
      const timer = setInterval(() => socket.write('1\r\nx\r\n'), 5);
      socket.once('close', () => clearInterval(timer));
    });
    expect(await failureOf(send(exchanges.client(), endpoint.origin, {}, { timeoutMs: shortMs }))).toMatchObject(
      failure('TimedOut'),
    );
    await endpoint.allClosed();
  });
});

describe('the signal', () => {
  test('the client sends no request when its signal has already aborted', async () => {
    const endpoint = await exchanges.endpoint();
    const signal = AbortSignal.abort('late');
    const thrown = await failureOf(send(exchanges.client(), endpoint.origin, {}, { signal }));
    expect(thrown).toMatchObject({ ...failure('OutOfTime'), cause: 'late' });
    expect(endpoint.connectionCount()).toBe(0);
  });

  test('an aborted signal ends only its own exchanges and closes their connections', async () => {
    const aborting = new AbortController();
    const begun: Socket[] = [];
    const closed: Promise<unknown>[] = [];
    const endpoint = await exchanges.misbehaving((socket, { text }) => {
      begun.push(socket);
      if (text.startsWith('POST /ends ')) closed.push(once(socket, 'close'));
      if (begun.length === 3) aborting.abort();
    });
    const client = exchanges.client();
    const { signal } = aborting;
    const ending = [0, 1].map(() => send(client, endpoint.origin, { path: '/ends' }, { signal }));
    const other = send(client, endpoint.origin, { path: '/goes-on' });
    for (const thrown of await Promise.all(ending.map(failureOf))) expect(thrown).toMatchObject(failure('OutOfTime'));
    await Promise.all(closed);
    expect(closed).toHaveLength(2);
    for (const socket of begun) if (!socket.destroyed) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    expect(await other).toMatchObject({ status: 204 });
  });

  test('a request is not sent when its signal aborts while its connection is being opened', async () => {
    const endpoint = await exchanges.endpoint();
    const aborting = new AbortController();
    const resolveName = async () => {
      aborting.abort();
      await connectionFree();
      return ['127.0.0.1'];
    };
    const client = exchanges.client({ resolveName });
    const { port } = new URL(endpoint.origin);
    expect(
      await failureOf(send(client, `http://endpoint.test:${port}`, {}, { signal: aborting.signal })),
    ).toMatchObject(failure('OutOfTime'));
    await client.close();
    expect(endpoint.requests).toEqual([]);
  });

  test('the connection is used again although the signal of its last request aborts after the answer', async () => {
    const endpoint = await exchanges.endpoint();
    const aborting = new AbortController();
    const client = exchanges.client();
    expect(await send(client, endpoint.origin, {}, { signal: aborting.signal })).toMatchObject({ status: 200 });
    await connectionFree();
    aborting.abort();
    await send(client, endpoint.origin);
    expect(endpoint.connectionCount()).toBe(1);
  });
});

describe('a request that HTTP does not allow', () => {
  test.each([
    ['a line break in a header', { headers: { 'x-note': 'a\r\nx-injected: b' } }],
    ['a NUL in a header', { headers: { 'x-note': 'a\0b' } }],
    ['a line break in a header name', { headers: { 'x\r\ny': 'a' } }],
    ['a character beyond Latin-1 in a header', { headers: { 'x-note': '🚚' } }],
    ['a blank in the path', { path: '/a b' }],
    ['a line break in the path', { path: '/a\r\nx: y' }],
    ['the header Transfer-Encoding', { headers: { 'Transfer-Encoding': 'chunked' } }],
  ])('a request with %s fails with InvalidInvocation, and is never sent', async (_what, request) => {
    const endpoint = await exchanges.endpoint();
    expect(await failureOf(send(exchanges.client(), endpoint.origin, request))).toMatchObject(
      failure('InvalidInvocation'),
    );
    expect(endpoint.requests).toEqual([]);
  });
});

test('a failure names the origin, and shows nothing of the path, the headers, the body or the answer', async () => {
  const canary = 'c4n4ry';
  const endpoint = await exchanges.misbehaving(say(`HTTP/1.1 200 OK\r\n\x01${canary}: x\r\n\r\n`));
  const request = { path: `/p?key=${canary}`, headers: { authorization: `Bearer ${canary}` }, body: canary };
  const thrown = await failureOf(send(exchanges.client(), endpoint.origin, request));
  expect(thrown).toMatchObject(failure('AnswerInvalid'));
  expect(inspect(thrown, { depth: null })).toContain(endpoint.origin);
  expect(inspect(thrown, { depth: null })).not.toContain(canary);
});
