import type { TlsOptions } from 'node:tls';
import { afterEach, expect } from 'vitest';
import { createUndiciHttpClient, type UndiciHttpClientOptions } from '../../../lib/adapters/http/client.ts';
import type { HttpAnswer, HttpRequest } from '../../../lib/core/delivery/delivery.ts';
import { defaultTransport } from '../../../lib/core/destination/delivery-policy.ts';
import type { FailureCode } from '../../../lib/core/failure/failure.ts';
import type { HttpClient, HttpExchange, HttpResult } from '../../../lib/ports/delivery.ts';
import { type AlertingEndpoint, startAlertingEndpoint } from '../../servers/endpoints/alerting-endpoint.ts';
import {
  type Misbehave,
  type MisbehavingEndpoint,
  startMisbehavingEndpoint,
} from '../../servers/endpoints/misbehaving-endpoint.ts';
import { loopback } from '../../servers/endpoints/loopback.ts';
import {
  type AnswerRequest,
  type RecordingEndpoint,
  startRecordingEndpoint,
} from '../../servers/endpoints/recording-endpoint.ts';
import type { TlsCertificate } from '../../servers/endpoints/tls-certificate.ts';

/** Longer than the timeout of a test, so that no exchange ends by its own timeout. */
const amplyMs = 60_000;

/** Clients and servers of one test; all are closed when it ends. */
export function httpExchanges() {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const { close } of opened.splice(0).reverse()) await close();
  });
  function closedAtEnd<Opened extends { close(): Promise<void> }>(thing: Opened): Opened {
    opened.push({ close: () => thing.close() });
    return thing;
  }
  return {
    closedAtEnd,
    client: (options?: UndiciHttpClientOptions) =>
      closedAtEnd(createUndiciHttpClient({ allowlist: loopback, ...options })),
    endpoint: async (answer?: AnswerRequest, tls?: TlsOptions): Promise<RecordingEndpoint> =>
      closedAtEnd(await startRecordingEndpoint(answer, tls)),
    alerting: async (certificate: TlsCertificate): Promise<AlertingEndpoint> =>
      closedAtEnd(await startAlertingEndpoint(certificate)),
    misbehaving: async (misbehave: Misbehave, certificate?: TlsCertificate): Promise<MisbehavingEndpoint> =>
      closedAtEnd(await startMisbehavingEndpoint(misbehave, certificate)),
  };
}

/** Sends a request, and repeats it once when the client reports a dead socket, as an attempt does. */
export async function send(...parameters: Parameters<typeof sendOnce>): Promise<HttpAnswer> {
  const first = await sendOnce(...parameters);
  const result = first.kind === 'dead-socket' ? await sendOnce(...parameters) : first;
  return result.kind === 'answer' ? result.answer : expect.fail(result.kind);
}

export function sendOnce(
  client: HttpClient,
  origin: string,
  request: Partial<HttpRequest> = {},
  exchange: Partial<HttpExchange> = {},
): Promise<HttpResult> {
  return client.send(
    { method: 'POST', origin, path: '/', headers: {}, ...request },
    {
      timeoutMs: amplyMs,
      signal: new AbortController().signal,
      transport: defaultTransport,
      readSuccessBody: false,
      ...exchange,
    },
  );
}

/** undici can use a connection again one iteration of the event loop after the connection's last answer. */
export function connectionFree(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The error of a request that must fail. */
export async function failureOf(sending: Promise<HttpAnswer>): Promise<unknown> {
  return sending.then(
    ({ status }) => expect.fail(`answered ${status}`),
    (reason: unknown) => reason,
  );
}

export function failure(code: FailureCode): object {
  return { name: 'Failure', code };
}
