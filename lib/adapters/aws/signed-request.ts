import { Buffer } from 'node:buffer';
import { scopeEnd, signatureOf, signingAlgorithm } from '../../core/api-key/sig-v4-canonical.ts';
import type { Clock } from '../../ports/clock.ts';

/** The parts of an AWS client's configuration that a signed request needs. The clients of all services have them. */
export interface RequestSettings {
  credentials(): Promise<{
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  }>;
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

/**
 * Signs a request to an AWS service with Signature Version 4. Performance: this needs 2 KB of code, and an AWS client 70 to 300 KB.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signedRequest(
  settings: RequestSettings,
  clock: Clock,
  { service, method, url, headers: own, body }: UnsignedRequest,
): Promise<SignedRequest> {
  const [region, credentials] = await Promise.all([settings.region(), settings.credentials()]);
  const signedAt = new Date(clock.nowMs()).toISOString().replaceAll(/[-:]|\.[0-9]+/g, '');
  const date = signedAt.slice(0, 8);
  const { sessionToken } = credentials;
  const headers: Record<string, string> = {
    ...own,
    host: url.host,
    'x-amz-date': signedAt,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const signedHeaders = Object.keys(headers).toSorted();
  const signature = signatureOf(
    credentials.secretAccessKey,
    { method, path: url.pathname, query: '', headers: new Map(Object.entries(headers)), body },
    { date, region, service, signedAt, signedHeaders },
  );
  const credential = [credentials.accessKeyId, date, region, service, scopeEnd].join('/');
  const parts = [`Credential=${credential}`, `SignedHeaders=${signedHeaders.join(';')}`, `Signature=${signature}`];
  const { protocol, hostname, port, pathname: path } = url;
  return {
    method,
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path,
    query: {},
    headers: { ...headers, authorization: `${signingAlgorithm} ${parts.join(', ')}` },
    body,
  };
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
