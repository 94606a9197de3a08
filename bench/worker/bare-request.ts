import { Pool } from 'undici';
import { createUndiciHttpClient } from '../../lib/adapters/http/client.ts';
import { parseAllowlist } from '../../lib/core/address/address.ts';
import { defaultTransport } from '../../lib/core/destination/delivery-policy.ts';
import { contender } from './contender.ts';
import { orderEvents } from '../events.ts';
import type { Contender } from '../rounds.ts';

/** As many connections as Lastmile's pool has. */
const connections = 128;

/** The same requests without Lastmile. They are the reference of goal 1. */
export function bareRequest(origin: string, path: string): Contender {
  const pool = new Pool(origin, { allowH2: false, connections });
  const bodies = orderEvents.map((event) => JSON.stringify(event));
  return contender(async (index) => {
    const { body } = await pool.request({ method: 'POST', path, headers: sentHeaders, body: bodies[index] ?? '' });
    await body.dump();
  });
}

/** The same requests with the cheapest interface of undici, and a handler that does nothing. The HTTP client cannot cost less. */
export function bareDispatch(origin: string, path: string): Contender {
  const pool = new Pool(origin, { allowH2: false, connections, headersTimeout: 0, bodyTimeout: 0 });
  const bodies = orderEvents.map((event) => JSON.stringify(event));
  return contender((index) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onResponseEnd = (): void => resolve();
    const onResponseError = (_controller: unknown, error: Error): void => reject(error);
    const handler = { ...ignoring, onResponseEnd, onResponseError };
    pool.dispatch({ method: 'POST', path, headers: sentHeaders, body: bodies[index] ?? '' }, handler);
    return promise;
  });
}

const ignore = (): void => undefined;
const ignoring = { onRequestStart: ignore, onResponseStart: ignore, onResponseData: ignore };

/** The same requests with Lastmile's HTTP client, which uses `Pool.dispatch`, and without its stages. */
export function bareClientRequest(origin: string, path: string): Contender {
  const allowlist = parseAllowlist('127.0.0.0/8');
  const client = createUndiciHttpClient(allowlist === undefined ? {} : { allowlist });
  const bodies = orderEvents.map((event) => JSON.stringify(event));
  const { signal } = new AbortController();
  const exchange = { timeoutMs: 5000, signal, transport: defaultTransport, readSuccessBody: false };
  return contender(async (index) => {
    const body = bodies[index] ?? '';
    const result = await client.send({ method: 'POST', origin, path, headers: sentHeaders, body }, exchange);
    if (result.kind !== 'answer' || result.answer.status !== 200) throw new Error(`Not answered: ${result.kind}`);
  });
}

/** The headers that Lastmile sends. The bare requests have them too, so that both send the same. */
const sentHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'User-Agent': 'Amazon/EventBridge/ApiDestinations',
  Range: 'bytes=0-1048575',
  'Accept-Encoding': 'gzip,deflate',
  'Idempotency-Key': '00000000-0000-4000-8000-000000000000/bench',
  'x-api-key': 'bench-key',
};
