import { Buffer } from 'node:buffer';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../ports/clock.ts';
import type { AnswerSender } from '../../ports/resources.ts';

/** Time of one attempt, from connecting to the last byte of the answer. */
const attemptTimeoutMs = 3000;

/** Before the second attempt and each later one. They end with the signal at the latest. */
const retryDelaysMs = [200, 500, 1000, 2000, 4000];

/**
 * Writes an object to a pre-signed URL of S3. Redirects are not followed. The content type is empty, because the signature of
 * CloudFormation's URLs covers an empty one.
 *
 * Failure policy: errors contain a status or the code of a network error, and never the URL. Its query is a credential.
 */
export function createPreSignedPut(clock: Clock): AnswerSender {
  return {
    async send(url, body, signal) {
      const bytes = Buffer.from(body);
      for (let attempt = 0; ; attempt += 1) {
        const outcome = await put(clock, url, bytes, signal);
        if (outcome.kind === 'written') return;
        const delayMs = outcome.isTemporary ? retryDelaysMs[attempt] : undefined;
        if (delayMs === undefined || signal.aborted) {
          throw new Error(`The answer could not be sent to its pre-signed URL: ${outcome.what}.`);
        }
        await clock.delay(delayMs, signal);
      }
    },
  };
}

type Outcome =
  | { readonly kind: 'written' }
  | { readonly kind: 'failed'; readonly what: string; readonly isTemporary: boolean };

async function put(clock: Clock, url: URL, bytes: Buffer, signal: AbortSignal): Promise<Outcome> {
  const [expiry, ended] = [new AbortController(), new AbortController()];
  clock.delay(attemptTimeoutMs, ended.signal).then(
    () => expiry.abort(),
    () => undefined,
  );
  try {
    const status = await exchange(url, bytes, AbortSignal.any([signal, expiry.signal]));
    if (status >= 200 && status <= 299) return { kind: 'written' };
    const isTemporary = status >= 500 || status === 429 || status === 408;
    return { kind: 'failed', what: `HTTP status ${status}`, isTemporary };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'network error';
    return { kind: 'failed', what: code, isTemporary: true };
  } finally {
    ended.abort();
  }
}

function exchange(url: URL, bytes: Buffer, signal: AbortSignal): Promise<number> {
  const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': '', 'content-length': bytes.length };
    const request = send(url, { method: 'PUT', headers, signal, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(bytes);
  });
}
