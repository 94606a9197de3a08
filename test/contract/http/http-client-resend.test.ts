import type { Socket } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import type { UndiciHttpClientOptions } from '../../../lib/adapters/http/client.ts';
import type { Misbehave } from '../../servers/endpoints/misbehaving-endpoint.ts';
import { makeTlsCertificate, type TlsCertificate } from '../../servers/endpoints/tls-certificate.ts';
import { connectionFree, failure, failureOf, httpExchanges, send, sendOnce } from './http-exchanges.ts';

const exchanges = httpExchanges();
const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';

/** Answers every request, but resets the connection of a request whose index is in `resets`. */
function resetting(...resets: readonly number[]): Misbehave {
  return (socket, { index }) => {
    if (resets.includes(index)) socket.resetAndDestroy();
    else socket.write(noContent);
  };
}

describe('a request whose used connection dies before the answer', () => {
  test('a request is sent again on a new connection when its reused connection dies before the answer', async () => {
    const endpoint = await exchanges.misbehaving(resetting(1));
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    expect(await send(client, endpoint.origin, { path: '/again', body: '{}' })).toMatchObject({ status: 204 });
    expect([endpoint.requestCount(), endpoint.connectionCount()]).toEqual([3, 2]);
  });

  test('a request is sent again only once, even if its second connection also dies before the answer', async () => {
    const endpoint = await exchanges.misbehaving(resetting(1, 2, 3));
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    expect(await failureOf(send(client, endpoint.origin))).toMatchObject(failure('ConnectionReset'));
    expect(endpoint.requestCount()).toBe(3);
  });

  test('a request is not sent again after the first byte of an answer', async () => {
    const endpoint = await exchanges.misbehaving((socket, { index }) => {
      if (index === 0) socket.write(noContent);
      else socket.end('H');
    });
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    expect(await failureOf(send(client, endpoint.origin))).toMatchObject(failure('AnswerInvalid'));
    expect(endpoint.requestCount()).toBe(2);
  });

  test('a request is not sent again after a timeout', async () => {
    const endpoint = await exchanges.misbehaving((socket, { index }) => {
      if (index === 0) socket.write(noContent);
    });
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    expect(await failureOf(send(client, endpoint.origin, {}, { timeoutMs: 50 }))).toMatchObject(failure('TimedOut'));
    await endpoint.allClosed();
    expect(endpoint.requestCount()).toBe(2);
  });

  test('a request that is sent again uses a new connection, because the other old connections may be dead too', async () => {
    const waiting: Socket[] = [];
    const endpoint = await exchanges.misbehaving((socket, { connection, index }) => {
      if (index < 3) {
        waiting.push(socket);
        if (waiting.length === 3) for (const each of waiting) each.write(noContent);
      } else if (connection <= 3) socket.resetAndDestroy();
      else socket.write(noContent);
    });
    const client = exchanges.client();
    await Promise.all([0, 1, 2].map(() => send(client, endpoint.origin)));
    await connectionFree();
    expect(await send(client, endpoint.origin)).toMatchObject({ status: 204 });
    expect([endpoint.requestCount(), endpoint.connectionCount()]).toEqual([5, 4]);
  });

  test('the client reports a dead connection to its caller and does not send the request again by itself', async () => {
    const endpoint = await exchanges.misbehaving(resetting(1));
    const client = exchanges.client();
    await send(client, endpoint.origin);
    await connectionFree();
    expect(await sendOnce(client, endpoint.origin)).toEqual({ kind: 'dead-socket' });
    expect(endpoint.requestCount()).toBe(2);
  });
});

describe('over TLS', () => {
  let certificate: TlsCertificate;
  let trusting: UndiciHttpClientOptions;
  beforeAll(() => {
    certificate = makeTlsCertificate(Date.now());
    trusting = { connectOptions: () => ({ ca: certificate.certificate }) };
  });

  test('a TLS connection serves one request after another in HTTP/1.1', async () => {
    const requests: string[] = [];
    const endpoint = await exchanges.misbehaving((socket, { text }) => {
      requests.push(text.split('\r\n')[0] ?? '');
      socket.write(noContent);
    }, certificate);
    const client = exchanges.client(trusting);
    await send(client, endpoint.origin);
    await connectionFree();
    await send(client, endpoint.origin);
    expect(requests).toEqual(['POST / HTTP/1.1', 'POST / HTTP/1.1']);
    expect(endpoint.connectionCount()).toBe(1);
  });

  test('a request on a new TLS connection that dies before the answer is not sent again', async () => {
    const endpoint = await exchanges.misbehaving((socket) => socket.destroy(), certificate);
    expect(await failureOf(send(exchanges.client(trusting), endpoint.origin))).toMatchObject(
      failure('ConnectionReset'),
    );
    expect(endpoint.requestCount()).toBe(1);
  });

  test('when a reused TLS connection dies, the client opens a new one and sends the request once more', async () => {
    const endpoint = await exchanges.misbehaving((socket, { index }) => {
      if (index === 1) socket.destroy();
      else socket.write(noContent);
    }, certificate);
    const client = exchanges.client(trusting);
    await send(client, endpoint.origin);
    await connectionFree();
    expect(await send(client, endpoint.origin)).toMatchObject({ status: 204 });
    expect([endpoint.requestCount(), endpoint.connectionCount()]).toEqual([3, 2]);
  });
});
