import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { connectionFree, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();

/** Writes as fast as the client reads, until the client closes the connection. */
function writeForever(socket: Socket, chunk: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk)) {}
  };
  socket.on('drain', more);
  more();
}

describe('what is sent', () => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    'the path, the query and the headers of a request with the method %s arrive unchanged',
    async (method) => {
      const endpoint = await exchanges.endpoint();
      const headers = { 'Content-Type': 'application/json', 'X-Mixed-Case': 'a, b' };
      await send(exchanges.client(), endpoint.origin, { method, path: '/a%20b/c?d=%2F&e', headers });
      expect(endpoint.requests).toMatchObject([
        { method, path: '/a%20b/c?d=%2F&e', headers: { 'x-mixed-case': 'a, b' } },
      ]);
      expect(endpoint.requests[0]?.rawHeaders).toContain('X-Mixed-Case');
    },
  );

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    'a request with the method %s carries its body in UTF-8',
    async (method) => {
      const endpoint = await exchanges.endpoint();
      await send(exchanges.client(), endpoint.origin, { method, body: '{"name":"Zoë 🚚"}' });
      expect(endpoint.requests[0]).toMatchObject({ body: '{"name":"Zoë 🚚"}', headers: { 'content-length': '20' } });
    },
  );

  test('the client adds no headers except Host, Connection and Content-Length', async () => {
    const endpoint = await exchanges.endpoint();
    await send(exchanges.client(), endpoint.origin, { body: '{}' });
    expect(Object.keys(endpoint.requests[0]?.headers ?? {}).sort()).toEqual(['connection', 'content-length', 'host']);
  });
});

describe('statuses', () => {
  test('the client returns every status from 200 to 599 as an answer', async () => {
    const endpoint = await exchanges.endpoint(({ path }) => ({ status: Number(path.slice(1)) }));
    const client = exchanges.client();
    const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);
    const answers = await Promise.all(statuses.map((status) => send(client, endpoint.origin, { path: `/${status}` })));
    expect(answers.map(({ status }) => status)).toEqual(statuses);
  });

  test.each([301, 302, 303, 307, 308])('the client does not follow a redirect with status %i', async (status) => {
    const endpoint = await exchanges.endpoint(() => ({ status, headers: { location: '/elsewhere' } }));
    const answer = await send(exchanges.client(), endpoint.origin, { path: '/here' });
    expect(answer).toMatchObject({ status, headers: { location: '/elsewhere' } });
    expect(endpoint.requests.map(({ path }) => path)).toEqual(['/here']);
  });

  test.each([204, 304])('an answer with status %i has no body', async (status) => {
    const endpoint = await exchanges.endpoint(() => ({ status }));
    expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status, body: '' });
  });

  test('an answer to HEAD has no body, even if it has a Content-Length', async () => {
    const endpoint = await exchanges.endpoint(() => ({ headers: { 'content-length': '1000000' } }));
    const answer = await send(exchanges.client(), endpoint.origin, { method: 'HEAD' }, { readSuccessBody: true });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '1000000' }, body: '' });
  });
});

describe('informational answers', () => {
  test.each([
    ['100 Continue', ''],
    ['102 Processing', ''],
    ['103 Early Hints', 'link: </style.css>\r\n'],
  ])('the client ignores an informational %s that comes before the answer', async (statusLine, headers) => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write(`HTTP/1.1 ${statusLine}\r\n${headers}\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n`);
    });
    expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status: 202 });
  });

  test('the client uses a connection again after a 100 Continue that came in a packet of its own', async () => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n', () =>
        setImmediate(() => socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\nHTTP/1.1 100')),
      );
    });
    const client = exchanges.client();
    expect(await send(client, endpoint.origin)).toMatchObject({ status: 400, body: 'HTTP/1.1 100' });
    await connectionFree();
    expect(await send(client, endpoint.origin)).toMatchObject({ status: 400, body: 'HTTP/1.1 100' });
    expect(endpoint.connectionCount()).toBe(1);
  });

  test.each([
    ['without headers', ''],
    ['that upgrades to WebSocket', 'connection: upgrade\r\nupgrade: websocket\r\n'],
  ])('a 101 %s counts as the final answer, and its connection is closed', async (_what, headers) => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n`);
    });
    expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status: 101 });
    await endpoint.allClosed();
    expect(endpoint.requestCount()).toBe(1);
  });
});

describe('headers', () => {
  test('the headers of an answer have names in lower case, and values of repeated headers are joined', async () => {
    const endpoint = await exchanges.endpoint(() => ({
      status: 503,
      headers: { 'Retry-After': '7', 'Set-Cookie': ['a=1', 'b=2'], 'X-Each': ['1', '2', '3'] },
    }));
    const { headers } = await send(exchanges.client(), endpoint.origin);
    expect(headers).toMatchObject({ 'retry-after': '7', 'set-cookie': 'a=1, b=2', 'x-each': '1, 2, 3' });
  });

  test('a header named __proto__ or constructor does not change the prototype of the headers', async () => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\nconstructor: c\r\ncontent-length: 0\r\n\r\n');
    });
    const { headers } = await send(exchanges.client(), endpoint.origin);
    expect(Object.entries(headers)).toContainEqual(['constructor', 'b, c']);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });
});

describe('the body', () => {
  test('the client returns the body of every answer except that of a 2xx', async () => {
    const endpoint = await exchanges.endpoint(({ path }) => ({ status: Number(path.slice(1)), body: 'Zoë' }));
    const client = exchanges.client();
    expect(await send(client, endpoint.origin, { path: '/299' })).toMatchObject({ body: '' });
    expect(await send(client, endpoint.origin, { path: '/300' })).toMatchObject({ body: 'Zoë' });
    expect(await send(client, endpoint.origin, { path: '/500' })).toMatchObject({ body: 'Zoë' });
  });

  test('the client returns the body of a 2xx answer when the caller asks for it', async () => {
    const endpoint = await exchanges.endpoint(() => ({ body: '{"access_token":"x"}' }));
    const answer = await send(exchanges.client(), endpoint.origin, {}, { readSuccessBody: true });
    expect(answer.body).toBe('{"access_token":"x"}');
  });

  test('an answer body of 64 KiB is returned completely, and its connection is used again', async () => {
    const endpoint = await exchanges.endpoint(() => ({ status: 500, body: 'x'.repeat(65_536) }));
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    expect((await send(client, endpoint.origin)).body).toHaveLength(65_536);
    expect(endpoint.connectionCount()).toBe(1);
  });

  test('an answer body of 64 KiB and one byte is cut at 64 KiB, and its connection is closed', async () => {
    const endpoint = await exchanges.endpoint(() => ({ status: 500, body: 'x'.repeat(65_537) }));
    const client = exchanges.client();
    expect((await send(client, endpoint.origin)).body).toHaveLength(65_536);
    await connectionFree();
    await send(client, endpoint.origin);
    expect(endpoint.connectionCount()).toBe(2);
  });

  test('a character that the limit of 64 KiB would cut in two is left out of the answer body', async () => {
    const endpoint = await exchanges.endpoint(() => ({ status: 500, body: `x${'ë'.repeat(40_000)}` }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe(`x${'ë'.repeat(32_767)}`);
  });

  test.each([200, 500])(
    'the client returns the status of a %i answer with an endless body, and closes the connection',
    async (status) => {
      const endpoint = await exchanges.misbehaving((socket) => {
        socket.write(`HTTP/1.1 ${status} Whatever\r\ntransfer-encoding: chunked\r\n\r\n`);
        writeForever(socket, `400\r\n${'x'.repeat(1024)}\r\n`);
      });
      expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status });
      await endpoint.allClosed();
    },
  );

  test.each([
    ['gzip', 'gzip', gzipSync],
    ['x-gzip', 'x-gzip', gzipSync],
    ['GZIP', 'GZIP', gzipSync],
    ['deflate with a zlib header', 'deflate', deflateSync],
    ['deflate without a zlib header', 'deflate', deflateRawSync],
  ])('the client decompresses an answer body in %s', async (_form, encoding, compress) => {
    const headers = { 'content-encoding': encoding };
    const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body: compress('no such order: Zoë') }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe('no such order: Zoë');
  });

  test('an answer body that decompresses to 40 MB is cut at 64 KiB', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const body = gzipSync(Buffer.alloc(40_000_000, 'x'));
    const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe('x'.repeat(65_536));
  });

  test('the client returns the first 64 KiB of a compressed body that is larger than the limit', async () => {
    const text = randomBytes(100_000).toString('hex');
    const headers = { 'content-encoding': 'gzip' };
    const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body: gzipSync(text) }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe(text.slice(0, 65_536));
  });

  test.each(['br', 'gzip, gzip', 'gzip'])(
    'a plain answer body with the Content-Encoding "%s" is returned unchanged',
    async (encoding) => {
      const headers = { 'content-encoding': encoding };
      const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body: 'plain after all' }));
      expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status: 500, body: 'plain after all' });
    },
  );
});
