import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { connectionFree, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();

/** Writes as fast as the other side reads, until it hangs up. */
function writeForever(socket: Socket, chunk: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk)) {}
  };
  socket.on('drain', more);
  more();
}

describe('what is sent', () => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    '%s arrives with its path, its query and every header, as they were given',
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

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)('%s carries its body, in UTF-8', async (method) => {
    const endpoint = await exchanges.endpoint();
    await send(exchanges.client(), endpoint.origin, { method, body: '{"name":"Zoë 🚚"}' });
    expect(endpoint.requests[0]).toMatchObject({ body: '{"name":"Zoë 🚚"}', headers: { 'content-length': '20' } });
  });

  test('no header is added but Host, Connection and the length', async () => {
    const endpoint = await exchanges.endpoint();
    await send(exchanges.client(), endpoint.origin, { body: '{}' });
    expect(Object.keys(endpoint.requests[0]?.headers ?? {}).sort()).toEqual(['connection', 'content-length', 'host']);
  });
});

describe('statuses', () => {
  test('every status from 200 to 599 is an answer', async () => {
    const endpoint = await exchanges.endpoint(({ path }) => ({ status: Number(path.slice(1)) }));
    const client = exchanges.client();
    const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);
    const answers = await Promise.all(statuses.map((status) => send(client, endpoint.origin, { path: `/${status}` })));
    expect(answers.map(({ status }) => status)).toEqual(statuses);
  });

  test.each([301, 302, 303, 307, 308])('a %i is not followed', async (status) => {
    const endpoint = await exchanges.endpoint(() => ({ status, headers: { location: '/elsewhere' } }));
    const answer = await send(exchanges.client(), endpoint.origin, { path: '/here' });
    expect(answer).toMatchObject({ status, headers: { location: '/elsewhere' } });
    expect(endpoint.requests.map(({ path }) => path)).toEqual(['/here']);
  });

  test.each([204, 304])('a %i ends with its head', async (status) => {
    const endpoint = await exchanges.endpoint(() => ({ status }));
    expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status, body: '' });
  });

  test('the answer to HEAD ends with its head, whatever length that announces', async () => {
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
  ])('a %s that comes first is read over', async (statusLine, headers) => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write(`HTTP/1.1 ${statusLine}\r\n${headers}\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n`);
    });
    expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status: 202 });
  });

  test('a 100 Continue in a packet of its own is read over, and the connection serves on', async () => {
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

  test.each(['', 'connection: upgrade\r\nupgrade: websocket\r\n'])(
    'a 101 is an answer, and ends the connection (headers %j)',
    async (headers) => {
      const endpoint = await exchanges.misbehaving((socket) => {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n`);
      });
      expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status: 101 });
      await endpoint.allClosed();
      expect(endpoint.requestCount()).toBe(1);
    },
  );
});

describe('headers', () => {
  test('names are in lower case, and equal ones are joined in order', async () => {
    const endpoint = await exchanges.endpoint(() => ({
      status: 503,
      headers: { 'Retry-After': '7', 'Set-Cookie': ['a=1', 'b=2'], 'X-Each': ['1', '2', '3'] },
    }));
    const { headers } = await send(exchanges.client(), endpoint.origin);
    expect(headers).toMatchObject({ 'retry-after': '7', 'set-cookie': 'a=1, b=2', 'x-each': '1, 2, 3' });
  });

  test('a header named like a member of every object is an ordinary header', async () => {
    const endpoint = await exchanges.misbehaving((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\nconstructor: c\r\ncontent-length: 0\r\n\r\n');
    });
    const { headers } = await send(exchanges.client(), endpoint.origin);
    expect(Object.entries(headers)).toContainEqual(['constructor', 'b, c']);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });
});

describe('the body', () => {
  test('of a 2xx answer is left out, of any other one is text', async () => {
    const endpoint = await exchanges.endpoint(({ path }) => ({ status: Number(path.slice(1)), body: 'Zoë' }));
    const client = exchanges.client();
    expect(await send(client, endpoint.origin, { path: '/299' })).toMatchObject({ body: '' });
    expect(await send(client, endpoint.origin, { path: '/300' })).toMatchObject({ body: 'Zoë' });
    expect(await send(client, endpoint.origin, { path: '/500' })).toMatchObject({ body: 'Zoë' });
  });

  test('of a 2xx answer is text when it is asked for', async () => {
    const endpoint = await exchanges.endpoint(() => ({ body: '{"access_token":"x"}' }));
    const answer = await send(exchanges.client(), endpoint.origin, {}, { readSuccessBody: true });
    expect(answer.body).toBe('{"access_token":"x"}');
  });

  test('of 64 KiB is whole, and its connection serves on', async () => {
    const endpoint = await exchanges.endpoint(() => ({ status: 500, body: 'x'.repeat(65_536) }));
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    expect((await send(client, endpoint.origin)).body).toHaveLength(65_536);
    expect(endpoint.connectionCount()).toBe(1);
  });

  test('of 64 KiB and a byte is cut there, and its connection ended', async () => {
    const endpoint = await exchanges.endpoint(() => ({ status: 500, body: 'x'.repeat(65_537) }));
    const client = exchanges.client();
    expect((await send(client, endpoint.origin)).body).toHaveLength(65_536);
    await connectionFree();
    await send(client, endpoint.origin);
    expect(endpoint.connectionCount()).toBe(2);
  });

  test('loses a character that the limit cuts in two', async () => {
    const endpoint = await exchanges.endpoint(() => ({ status: 500, body: `x${'ë'.repeat(40_000)}` }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe(`x${'ë'.repeat(32_767)}`);
  });

  test.each([200, 500])(
    'of a %i answer may be endless: the status counts and the rest is abandoned',
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
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ])('in %s is inflated', async (encoding, compress) => {
    const headers = { 'content-encoding': encoding };
    const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body: compress('no such order: Zoë') }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe('no such order: Zoë');
  });

  test('that inflates a thousandfold is cut at 64 KiB', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const body = gzipSync(Buffer.alloc(40_000_000, 'x'));
    const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe('x'.repeat(65_536));
  });

  test('whose compressed form is cut by the limit is inflated as far as it goes', async () => {
    const text = randomBytes(100_000).toString('hex');
    const headers = { 'content-encoding': 'gzip' };
    const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body: gzipSync(text) }));
    expect((await send(exchanges.client(), endpoint.origin)).body).toBe(text.slice(0, 65_536));
  });

  test.each(['br', 'gzip, gzip', 'gzip'])('in %s that cannot be read is left as it is', async (encoding) => {
    const headers = { 'content-encoding': encoding };
    const endpoint = await exchanges.endpoint(() => ({ status: 500, headers, body: 'plain after all' }));
    expect(await send(exchanges.client(), endpoint.origin)).toMatchObject({ status: 500, body: 'plain after all' });
  });
});
