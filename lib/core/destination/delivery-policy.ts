import { Failure } from '../failure/failure.ts';
import { isJsonObject, parseJson } from '../input/json.ts';
import { MemberReader } from '../input/member-reader.ts';

/** How connections to an endpoint are made, as configured. Certificates and keys are in secrets that are named here. */
export interface TransportSettings {
  /** Secret with the client certificate and its key. */
  readonly clientCertificateSecretArn?: string;
  /** Secret with the CA certificates to trust for the endpoint, instead of those that Node trusts. */
  readonly caCertificateSecretArn?: string;
  /** The name that is sent to the endpoint (SNI) and that its certificate must contain. Default: the endpoint's host. */
  readonly serverName?: string;
  /** HTTP proxy to connect through: `http://` or `https://`, host and port. */
  readonly proxyUrl?: string;
}

/** A certificate followed by its chain, and its private key, all in PEM. */
export interface ClientCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** When the certificate expires, epoch ms. */
  readonly expiresAtMs: number;
}

/**
 * How connections to an endpoint are made, after the certificates have been read from their secrets. Requests of different
 * transports share no socket.
 */
export interface Transport {
  /**
   * Built from settings and secret versions, never from secrets. It distinguishes the connection pools of one origin, and is
   * empty for the default transport.
   */
  readonly key: string;
  readonly clientCertificate?: ClientCertificate;
  readonly caCertificatePem?: string;
  readonly serverName?: string;
  readonly proxyUrl?: string;
}

export const defaultTransport: Transport = { key: '' };

/** The secret that signs requests, so that the endpoint can verify their sender. */
export interface SigningSettings {
  readonly secretArn: string;
}

/** A transformer as in a subscriber of a Custom Event Bus. Its expression makes the input. */
export interface JsonataTransformer {
  readonly Type: 'JSONATA';
  readonly Expression: string;
}

/** The expression without `{%` and `%}`, between which a subscriber of a Custom Event Bus writes it. */
export function jsonataOf({ Expression: expression }: JsonataTransformer): string {
  return /^\s*\{%([^]*)%\}\s*$/.exec(expression)?.[1] ?? expression;
}

/** The modes of CloudEvents 1.0 over HTTP: the attributes are in headers, or beside the data in the body. */
export type CloudEventsFormat = 'CLOUDEVENTS_BINARY' | 'CLOUDEVENTS_STRUCTURED';

/** The events of one group are sent one after another, in the order in which they came. */
export type Order = 'PER_GROUP';

/** How the events of a batch become one body: the elements of a JSON array, lines of JSON, or a batch of CloudEvents. */
export type BatchFormat = 'JSON_ARRAY' | 'NDJSON' | 'CLOUDEVENTS_BATCH';

/** The events of one invocation go to the endpoint in one request. */
export interface BatchSettings {
  readonly format: BatchFormat;
  /** The most events in one request, 1 to 10. Absent: all that come together, which are at most ten. */
  readonly maximumSize?: number;
}

export interface RetryPolicy {
  /** 0 to 185; N allowed retries mean at most N + 1 attempts. */
  readonly maximumRetryAttempts: number;
  /** 60 s to 24 h, in ms. */
  readonly maximumEventAgeMs: number;
}

/** Everything that may differ from one API destination to the next, with every default filled in. */
export interface DeliveryPolicy {
  /** Time limit of one request, from connecting to the last byte of the answer. Default 5000. */
  readonly timeoutMs: number;
  /** Number of requests that may be sent at once after a pause. Default 1. */
  readonly burst: number;
  /** `NONE`: requests are sent without a rate limit, whatever rate the API destination has. Absent: at this rate. */
  readonly invocationRateLimit?: 'NONE';
  /**
   * The most requests that the whole fleet has in progress. If undefined, the destination is limited to a third of the
   * invocations that the fleet runs.
   */
  readonly maximumConcurrency: number | undefined;
  /** The most requests that one worker has in progress; undefined means no limit. */
  readonly maximumConcurrencyPerWorker: number | undefined;
  readonly retryPolicy: RetryPolicy;
  /** Statuses that are retried in addition to those that are always retried. */
  readonly retryableStatuses: readonly number[];
  /** Makes the input for targets without an input of their own. */
  readonly transformer?: JsonataTransformer;
  /** Absent when the body is the event. */
  readonly format?: CloudEventsFormat;
  /** Absent when each event has a request of its own. A policy with a batch has no format. */
  readonly batch?: BatchSettings;
  /** The DNS name for which an endpoint must consent before it gets events. Absent when no endpoint is asked. */
  readonly webhookRequestOrigin?: string;
  /** Absent when events are sent side by side. */
  readonly order?: Order;
  /** JSON path of the value whose events are one group. It comes only with `order`. */
  readonly orderGroupPath?: string;
  /** Absent when requests are not signed. */
  readonly signing?: SigningSettings;
  readonly transport: TransportSettings;
}

/** The members of a delivery policy that an API destination sets itself. All others have their defaults. */
export type DeliveryPolicyOverrides = Partial<Omit<DeliveryPolicy, 'retryPolicy'>> & {
  readonly retryPolicy?: Partial<RetryPolicy>;
};

/** Replaces defaults with the members that are set. The two members of the retry policy are replaced one by one. */
export function withOverrides(
  defaults: DeliveryPolicy,
  { retryPolicy, ...overrides }: DeliveryPolicyOverrides = {},
): DeliveryPolicy {
  return { ...defaults, ...overrides, retryPolicy: { ...defaults.retryPolicy, ...retryPolicy } };
}

/*
 * A secret that a delivery policy names is either plain text, or a JSON object whose members hold that text.
 */

/** Whether the text of a secret looks like a JSON object. */
export function isPolicySecretObject(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** @throws Failure InvalidPolicySecret, which shows nothing of the secret */
export function parsePolicySecretObject(text: string): MemberReader {
  const value = parseJson(text);
  if (isJsonObject(value)) return new MemberReader(value, '', 'InvalidPolicySecret');
  throw new Failure('InvalidPolicySecret', 'It is not JSON.');
}
