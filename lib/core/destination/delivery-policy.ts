import { Failure } from '../failure/failure.ts';
import { isJsonObject, parseJson } from '../input/json.ts';
import { MemberReader } from '../input/member-reader.ts';

/** How the connection to an endpoint is made, as it is configured: what is secret stands in a secret that is named. */
export interface TransportSettings {
  /** Secret of the certificate and key that the worker shows to the endpoint. */
  readonly clientCertificateSecretArn?: string;
  /** Secret of the certificates that sign the endpoint's, instead of those that Node trusts. */
  readonly caCertificateSecretArn?: string;
  /** Name that is sent to the endpoint (SNI) and that its certificate must be for. Default: the endpoint's host. */
  readonly serverName?: string;
  /** HTTP proxy on the way: `http://` or `https://`, host and port. */
  readonly proxyUrl?: string;
}

/** A certificate, its chain behind it, and its private key, all in PEM. */
export interface ClientCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** From then on the certificate is not valid any more, epoch ms. */
  readonly expiresAtMs: number;
}

/** How the connection is made, with everything that a request needs. Requests of different transports share no socket. */
export interface Transport {
  /** Distinguishes pools of one origin, by secret versions and settings; empty for the default. Nothing secret in it. */
  readonly key: string;
  readonly clientCertificate?: ClientCertificate;
  readonly caCertificatePem?: string;
  readonly serverName?: string;
  readonly proxyUrl?: string;
}

export const defaultTransport: Transport = { key: '' };

/** By what secret requests are signed, so that the endpoint knows who sent them. */
export interface SigningSettings {
  readonly secretArn: string;
}

export interface RetryPolicy {
  /** 0 to 185; N allowed retries mean at most N + 1 attempts. */
  readonly maximumRetryAttempts: number;
  /** 60 s to 24 h, in ms. */
  readonly maximumEventAgeMs: number;
}

/** Everything that may differ from one API destination to the next, with every default filled in. */
export interface DeliveryPolicy {
  /** Limit of one whole exchange, from connecting to the last byte of the answer. Default 5000. */
  readonly timeoutMs: number;
  /** Requests that may go at once after a pause. Default 1. */
  readonly burst: number;
  /** Requests in flight from one worker; undefined means no limit. */
  readonly maximumConcurrencyPerWorker: number | undefined;
  readonly retryPolicy: RetryPolicy;
  /** Statuses that are retried beyond those that always are. */
  readonly retryableStatuses: readonly number[];
  /** Absent: requests are not signed. */
  readonly signing?: SigningSettings;
  readonly transport: TransportSettings;
}

/** What an API destination sets of its policy; everything else has its default. */
export type DeliveryPolicyOverrides = Partial<Omit<DeliveryPolicy, 'retryPolicy'>> & {
  readonly retryPolicy?: Partial<RetryPolicy>;
};

/** A member that is not set keeps its default; so does each half of a retry policy. */
export function withOverrides(
  defaults: DeliveryPolicy,
  { retryPolicy, ...overrides }: DeliveryPolicyOverrides = {},
): DeliveryPolicy {
  return { ...defaults, ...overrides, retryPolicy: { ...defaults.retryPolicy, ...retryPolicy } };
}

/*
 * The secrets that delivery policies name: each is either the thing itself, or a JSON object that holds it.
 */

/** Whether it is meant to be a JSON object. */
export function isPolicySecretObject(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** @throws Failure InvalidPolicySecret that shows nothing of it */
export function parsePolicySecretObject(text: string): MemberReader {
  const value = parseJson(text);
  if (isJsonObject(value)) return new MemberReader(value, '', 'InvalidPolicySecret');
  throw new Failure('InvalidPolicySecret', 'It is not JSON.');
}
