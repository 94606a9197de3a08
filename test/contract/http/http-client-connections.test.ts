import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { Misbehave } from '../../servers/endpoints/misbehaving-endpoint.ts';
import { connectionFree, httpExchanges, send } from './http-exchanges.ts';

const exchanges = httpExchanges();
const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';

const answers: Misbehave = (socket) => socket.write(noContent);

describe('a connection', () => {
  test('a connection serves one request after another', async () => {
    const endpoint = await exchanges.endpoint();
    const client = exchanges.client();
    for (let index = 0; index < 5; index += 1) {
      await send(client, endpoint.origin, { body: '{}' });
      await connectionFree();
    }
    expect(endpoint.requests.map(({ connection }) => connection)).toEqual([1, 1, 1, 1, 1]);
  });

  test('requests with different transport keys never share a connection', async () => {
    const endpoint = await exchanges.endpoint();
    const client = exchanges.client();
    for (const key of ['', 'mutual-tls', '', 'mutual-tls']) {
      await send(client, endpoint.origin, {}, { transport: { key } });
      await connectionFree();
    }
    expect(endpoint.requests.map(({ connection }) => connection)).toEqual([1, 2, 1, 2]);
  });

  test('a connection is not used again after a request with a body that its method does not expect', async () => {
    const endpoint = await exchanges.endpoint();
    const client = exchanges.client();
    for (const method of ['DELETE', 'OPTIONS', 'POST'] as const) {
      await send(client, endpoint.origin, { method, body: '{}' });
      await connectionFree();
    }
    expect(endpoint.connectionCount()).toBe(3);
  });

  test('a connection is not used again after more than 4 s or after the clock was set back', async () => {
    const endpoint = await exchanges.endpoint();
    let nowMs = 1_000_000;
    const client = exchanges.client({ clock: { ...systemClock, nowMs: () => nowMs } });
    for (const passesMs of [4000, 4000, 4001, -4001]) {
      await send(client, endpoint.origin);
      await connectionFree();
      nowMs += passesMs;
    }
    await send(client, endpoint.origin);
    expect(endpoint.requests.map(({ connection }) => connection)).toEqual([1, 1, 1, 2, 3]);
  });

  test('the idle time of a connection begins at the end of its answer', async () => {
    let nowMs = 1_000_000;
    const endpoint = await exchanges.endpoint(() => {
      nowMs += 60_000;
      return undefined;
    });
    const client = exchanges.client({ clock: { ...systemClock, nowMs: () => nowMs } });
    await send(client, endpoint.origin);
    await connectionFree();
    await send(client, endpoint.origin);
    expect(endpoint.connectionCount()).toBe(1);
  });

  test('bytes that arrive on an idle connection close it, and do not count as the next answer', async () => {
    const endpoint = await exchanges.misbehaving((socket, { index }) => {
      socket.write(noContent);
      if (index === 0) setImmediate(() => socket.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n'));
    });
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await endpoint.allClosed();
    expect(await send(client, endpoint.origin)).toMatchObject({ status: 204 });
    expect(endpoint.connectionCount()).toBe(2);
  });

  test('bytes that arrived on an idle connection just before the next request do not count as its answer', async () => {
    const sent = Promise.withResolvers<void>();
    const endpoint = await exchanges.misbehaving((socket, { index }) => {
      if (index > 0) socket.write(noContent);
      else
        socket.write(noContent, () =>
          setImmediate(() => socket.write('HTTP/1.1 408 No\r\n\r\n', () => sent.resolve())),
        );
    });
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await sent.promise;
    expect(await send(client, endpoint.origin)).toMatchObject({ status: 204 });
  });

  test.each([
    ['says Connection: close', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'],
    ['comes in HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['says that the server closes it within a second', 'HTTP/1.1 204 No\r\nkeep-alive: timeout=1\r\n\r\n'],
    ['is followed by further bytes', `${noContent}${noContent}`],
  ])('the client closes a connection whose answer %s', async (_what, text) => {
    const endpoint = await exchanges.misbehaving((socket) => socket.write(text));
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await endpoint.allClosed();
    await send(client, endpoint.origin);
    expect(endpoint.connectionCount()).toBe(2);
  });

  test('a request succeeds on a new connection after the endpoint has closed the idle one', async () => {
    const endpoint = await exchanges.endpoint();
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    endpoint.dropConnections();
    await send(client, endpoint.origin);
    expect(endpoint.requests.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  test('the client opens at most 128 sockets to one origin, and further requests wait', async () => {
    const endpoint = await exchanges.endpoint();
    const client = exchanges.client();
    const sending = Array.from({ length: 300 }, () => send(client, endpoint.origin));
    expect((await Promise.all(sending)).every(({ status }) => status === 200)).toBe(true);
    expect(endpoint.connectionCount()).toBe(128);
  });
});

describe('pools are bounded', () => {
  test('the client closes the connections of the least recently used origin when it has too many origins', async () => {
    let nowMs = 0;
    const [first, second, third] = await Promise.all([
      exchanges.misbehaving(answers),
      exchanges.misbehaving(answers),
      exchanges.misbehaving(answers),
    ]);
    const client = exchanges.client({ maximumPools: 2, clock: { ...systemClock, nowMs: () => nowMs } });
    for (const endpoint of [first, second, first, third, first]) {
      nowMs += 1;
      await send(client, endpoint.origin);
      await connectionFree();
    }
    await second.allClosed();
    expect([first, second, third].map((endpoint) => endpoint.connectionCount())).toEqual([1, 1, 1]);
  });

  test('a running exchange ends normally although the client has closed its connection pool', async () => {
    const begun = Promise.withResolvers<Socket>();
    const slow = await exchanges.misbehaving((socket) => begun.resolve(socket));
    const other = await exchanges.endpoint();
    const client = exchanges.client({ maximumPools: 1 });
    const sending = send(client, slow.origin);
    const socket = await begun.promise;
    await send(client, other.origin);
    socket.write(noContent);
    expect(await sending).toMatchObject({ status: 204 });
    await slow.allClosed();
  });
});

describe('closing', () => {
  test('closing the client waits for running exchanges, and leaves no connection open', async () => {
    const begun = Promise.withResolvers<Socket>();
    const endpoint = await exchanges.misbehaving((socket) => begun.resolve(socket));
    const client = exchanges.client();
    const ends: string[] = [];
    const sending = send(client, endpoint.origin).then(() => ends.push('exchange'));
    const socket = await begun.promise;
    const closing = client.close().then(() => ends.push('client'));
    socket.write(noContent);
    await Promise.all([sending, closing]);
    expect(ends).toEqual(['exchange', 'client']);
    await endpoint.allClosed();
  });
});
