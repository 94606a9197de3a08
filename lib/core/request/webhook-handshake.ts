import type { HttpAnswer, HttpRequest } from '../delivery/delivery.ts';
import type { ApiDestination } from '../destination/api-destination.ts';
import { Failure } from '../failure/failure.ts';
import { compileInvocationEndpoint } from './invocation-endpoint.ts';

/** What an endpoint has answered to the handshake of a sender. */
export interface WebhookConsent {
  /** The most requests that it allows in a second; undefined means any number. */
  readonly ratePerSecond: number | undefined;
}

/**
 * The request that asks an endpoint whether this sender may send events. It has no credentials, because the endpoint has not agreed
 * to anything yet. Of an endpoint with wildcards, it asks for the path before the first.
 *
 * Source: CloudEvents, HTTP 1.1 Web Hooks for Event Delivery 1.0.2, abuse protection.
 *
 * @param origin the DNS name by which the sender is known
 */
export function handshakeRequest(
  { invocationEndpoint, invocationRateLimitPerSecond }: ApiDestination,
  origin: string,
  userAgent: string,
): HttpRequest {
  const endpoint = compileInvocationEndpoint(invocationEndpoint);
  return {
    method: 'OPTIONS',
    origin: endpoint.origin,
    path: endpoint.pieces[0] ?? '/',
    headers: {
      'User-Agent': userAgent,
      'WebHook-Request-Origin': origin,
      'WebHook-Request-Rate': String(invocationRateLimitPerSecond * 60),
    },
  };
}

/**
 * Reads the consent. A WebHook-Allowed-Rate that is missing, or is not a positive whole number, sets no ceiling.
 *
 * @throws Failure HandshakeRefused
 */
export function consentIn({ status, headers }: HttpAnswer, origin: string): WebhookConsent {
  const allowed = headers['webhook-allowed-origin']?.trim();
  const isAllowed = allowed === '*' || allowed?.toLowerCase() === origin.toLowerCase();
  if (status < 200 || status > 299 || !isAllowed) {
    const what = status < 200 || status > 299 ? `answered ${status}` : 'names no allowed origin that is ours';
    throw new Failure(
      'HandshakeRefused',
      `The endpoint does not consent to events of the origin ${origin}: its answer to OPTIONS ${what}.`,
    );
  }
  const rate = headers['webhook-allowed-rate']?.trim() ?? '';
  const perMinute = /^[0-9]{1,9}$/.test(rate) ? Number(rate) : 0;
  if (perMinute === 0) return { ratePerSecond: undefined };
  return { ratePerSecond: perMinute < 60 ? perMinute / 60 : Math.floor(perMinute / 60) };
}
