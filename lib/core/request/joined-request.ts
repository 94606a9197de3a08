import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { AuthorizedRequest } from '../delivery/delivery.ts';
import { idempotencyName } from './idempotency-key.ts';

/** The request of one event, whose body is a batch of one, and the key by which an endpoint recognizes the event. */
export interface KeyedRequest {
  readonly request: AuthorizedRequest;
  readonly key: string;
}

/** @returns a text that is the same for requests that may be joined; undefined when the request must be sent alone */
export function commonPartOf({ request, key }: KeyedRequest): string | undefined {
  const { batchFormat, method, origin, path } = request;
  if (batchFormat === undefined) return undefined;
  return JSON.stringify([batchFormat, method, origin, path, headersWithoutKey(request, key)]);
}

export function bodyBytes({ body = '' }: AuthorizedRequest): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
}

/**
 * One request for all events, in their order. Its key is made of their keys, so it is the same whenever the same events are sent
 * together again. A key that somebody has configured is the same for all of them, and stays.
 *
 * @param members two or more, with the same common part
 */
export function joinedRequest(members: readonly [KeyedRequest, ...KeyedRequest[]]): KeyedRequest {
  const [{ request, key }] = members;
  const joinedKey = createHash('sha256')
    .update(JSON.stringify(members.map((member) => member.key)))
    .digest('hex');
  const headers = headersWithoutKey(request, key);
  const hasOurKey = Object.keys(headers).length < Object.keys(request.headers).length;
  const bodies = members.map((member) => String(member.request.body));
  return {
    key: joinedKey,
    request: {
      ...request,
      headers: hasOurKey ? { ...headers, [idempotencyName]: joinedKey } : headers,
      body: request.batchFormat === 'NDJSON' ? bodies.join('') : `[${bodies.map(withoutBrackets).join(',')}]`,
    },
  };
}

function withoutBrackets(body: string): string {
  return body.slice(1, -1);
}

function headersWithoutKey({ headers }: AuthorizedRequest, key: string): Readonly<Record<string, string>> {
  if (headers[idempotencyName] !== key) return headers;
  const { [idempotencyName]: _ours, ...others } = headers;
  return others;
}
