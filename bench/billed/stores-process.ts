/**
 * The local stack behind a proxy, and an endpoint. Both answer after a fixed time, or as soon as they can after it. First sends
 * its addresses. Then, each time it is asked, it sends how long its answers took since it was asked before.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Pool } from 'undici';
import { deployedFunctions } from '../../lib/local/lambda/function-instances.ts';
import { startStack } from '../../lib/local/stack/stack.ts';
import { endpointMs, storeMs } from './lambda.ts';

/** How long answers took, in ms. */
export interface AnswerTimes {
  readonly store: readonly number[];
  readonly endpoint: readonly number[];
  /** The same answers in the order in which they were sent. */
  readonly timeline: readonly Served[];
}

export interface Served {
  /** The operation of a store, or `endpoint`. */
  readonly what: string;
  /** When the request came and when it was answered, in epoch ms. */
  readonly beganAtMs: number;
  readonly endedAtMs: number;
}

const functions = deployedFunctions().filter(({ name }) => name !== 'deliver-queued');
const stack = await startStack({ port: 0, functions });
const upstream = new Pool(stack.url);
let times = noTimes();

function noTimes() {
  return { store: [] as number[], endpoint: [] as number[], timeline: [] as Served[] };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<() => void>;

/** Prepares each answer at once, and sends it when its time has come. */
async function serve(ms: number, kind: 'store' | 'endpoint', prepare: Answer): Promise<string> {
  const server = createServer((request, response) => {
    const beganAtMs = performance.now();
    void prepare(request, response).then((send) => {
      const finish = () => {
        send();
        const endedAtMs = performance.now();
        times[kind].push(endedAtMs - beganAtMs);
        const { 'x-amz-target': operation = kind } = request.headers;
        const epochMs = performance.timeOrigin;
        const what = String(operation).replace(/_[0-9]+/, '');
        times.timeline.push({ what, beganAtMs: epochMs + beganAtMs, endedAtMs: epochMs + endedAtMs });
      };
      setTimeout(finish, Math.max(0, beganAtMs + ms - performance.now()));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const stores = await serve(storeMs, 'store', async (request, response) => {
  const { method = 'POST', url = '/', headers } = request;
  const { connection: _connection, 'transfer-encoding': _encoding, expect: _expect, ...passed } = headers;
  const answer = await upstream.request({
    method: method as 'POST',
    path: url,
    headers: passed as Record<string, string>,
    body: await buffer(request),
  });
  const body = Buffer.from(await answer.body.arrayBuffer());
  const { connection: _ended, 'transfer-encoding': _chunked, 'keep-alive': _kept, ...kept } = answer.headers;
  return () => response.writeHead(answer.statusCode, { ...kept, 'content-length': body.length }).end(body);
});

const endpoint = await serve(endpointMs, 'endpoint', async (request, response) => {
  await buffer(request);
  return () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});

process.on('message', () => {
  process.send?.(times);
  times = noTimes();
});
process.once('disconnect', () => process.exit());
process.send?.({ stack: stack.url, stores, endpoint });
