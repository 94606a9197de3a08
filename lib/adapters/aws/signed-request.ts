import { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import type { CredentialScope } from '../../core/api-key/sig-v4-canonical.ts';
import { scopeEnd, signatureOf, signingAlgorithm, signingKeyOf } from '../../core/api-key/sig-v4-canonical.ts';
import type { Clock } from '../../ports/clock.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Not all credentials name their account. */
  readonly accountId?: string;
}

/** The parts of an AWS client's configuration that a signed request needs. The clients of all services have them. */
export interface RequestSettings {
  credentials(): Promise<Credentials>;
  region(): Promise<string>;
  useFipsEndpoint(): Promise<boolean>;
  readonly requestHandler: {
    handle(
      request: SignedRequest,
      options: { readonly abortSignal: AbortSignal },
    ): Promise<{ readonly response: { readonly statusCode: number; readonly body: AsyncIterable<Uint8Array> } }>;
  };
}

export interface SignedRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, never>>;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface UnsignedRequest {
  /** As in the credential scope, such as `s3`. */
  readonly service: string;
  readonly method: string;
  /** Without a query. */
  readonly url: URL;
  /** Names in lower case, without the headers that every signed request has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The parts of a request that are signed. */
export interface Signable {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  /** All of them are signed. Names in lower case, without `x-amz-date` and `x-amz-security-token`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Signing {
  readonly credentials: Credentials;
  readonly region: string;
  readonly nowMs: number;
}

/** @returns all headers of the request, with the time, the session token and the signature */
export type Sign = (request: Signable, signing: Signing) => Record<string, string>;

/**
 * Signs requests to one AWS service with Signature Version 4. Performance: the key that signs is kept, because it stays the same
 * for a day.
 *
 * @param service as in the credential scope, such as `s3`
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function createSigner(service: string): Sign {
  let kept: (CredentialScope & { readonly secretAccessKey: string; readonly key: KeyObject }) | undefined;

  function keyOf(secretAccessKey: string, date: string, region: string): KeyObject {
    if (kept?.date === date && kept.region === region && kept.secretAccessKey === secretAccessKey) return kept.key;
    const scope = { date, region, service };
    kept = { ...scope, secretAccessKey, key: signingKeyOf(secretAccessKey, scope) };
    return kept.key;
  }

  return ({ method, path, headers: own, body }, { credentials, region, nowMs }) => {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const signedAt = new Date(nowMs).toISOString().replaceAll(/[-:]|\.[0-9]+/g, '');
    const date = signedAt.slice(0, 8);
    const headers: Record<string, string> = { ...own, 'x-amz-date': signedAt };
    if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
    const signedHeaders = Object.keys(headers).toSorted();
    const signature = signatureOf(
      keyOf(secretAccessKey, date, region),
      { method, path, query: '', headers: new Map(Object.entries(headers)), body },
      { date, region, service, signedAt, signedHeaders },
    );
    const credential = `${accessKeyId}/${date}/${region}/${service}/${scopeEnd}`;
    headers['authorization'] =
      `${signingAlgorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
    return headers;
  };
}

/** Signs a single request. Performance: this needs 2 KB of code, and an AWS client 70 to 300 KB. */
export async function signedRequest(
  settings: RequestSettings,
  clock: Clock,
  { service, method, url, headers, body }: UnsignedRequest,
): Promise<SignedRequest> {
  const [region, credentials] = await Promise.all([settings.region(), settings.credentials()]);
  const { protocol, hostname, port, pathname: path } = url;
  const unsigned = { method, path, headers: { ...headers, host: url.host }, body };
  return {
    method,
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path,
    query: {},
    headers: createSigner(service)(unsigned, { credentials, region, nowMs: clock.nowMs() }),
    body,
  };
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
