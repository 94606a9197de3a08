import { equalsInConstantTime } from './text.ts';
import type { SignableRequest, SigningDetails } from './sig-v4-canonical.ts';
import { parseQuery, scopeEnd, sha256Hex, signatureOf, signingAlgorithm, signingKeyOf } from './sig-v4-canonical.ts';

/** A signature from a request's Authorization header or query. It is not verified yet. */
export interface Signature extends SigningDetails {
  readonly accessKeyId: string;
  /** In hexadecimal. */
  readonly signature: string;
  readonly signedAtMs: number;
  /** How long a presigned request is valid; absent for any other request. */
  readonly expiresInSeconds?: number;
}

/** The largest accepted difference between the clocks of client and server. Source: AWS, Signature Version 4. */
const maximumSkewMs = 5 * 60 * 1000;
/** Source: AWS, Signature Version 4, X-Amz-Expires. */
const maximumExpiresInSeconds = 7 * 24 * 3600;

/** No client sends a longer Authorization header. */
const maximumHeaderCharacters = 4096;

/** @returns undefined when the request has no signature, two signatures, or a malformed one */
export function parseSignature(request: SignableRequest): Signature | undefined {
  const authorization = request.headers.get('authorization');
  const presigned = presignedParameters(request.query);
  if (authorization !== undefined && presigned !== undefined) return undefined;
  if (authorization !== undefined) return signatureFrom(headerParameters(authorization, request), undefined);
  return presigned && signatureFrom(presigned, presigned.get('X-Amz-Expires') ?? '');
}

/** Whether the request has a signature, even a malformed one. */
export function claimsSignature(request: SignableRequest): boolean {
  return (
    (request.headers.get('authorization') ?? '') !== '' || /(?:^|&)X-Amz-(?:Signature|Credential)=/.test(request.query)
  );
}

/** The parameters of a signature. Those from a header have the same names as those from a query. */
type Parameters = ReadonlyMap<string, string>;

function headerParameters(authorization: string, request: SignableRequest): Parameters {
  const [algorithm = '', ...rest] = authorization.slice(0, maximumHeaderCharacters + 1).split(' ');
  const parts = authorization.length > maximumHeaderCharacters ? [] : rest.join('').split(',');
  const pairs = parts.map((part): [string, string] => {
    const equals = part.indexOf('=');
    return [`X-Amz-${part.slice(0, equals)}`, part.slice(equals + 1)];
  });
  const parameters = new Map(pairs);
  // A parameter that occurs twice makes the signature malformed, because it is not clear which one counts.
  if (parameters.size !== pairs.length || pairs.length !== 3) return new Map();
  return parameters.set('X-Amz-Algorithm', algorithm).set('X-Amz-Date', request.headers.get('x-amz-date') ?? '');
}

function presignedParameters(query: string): Parameters | undefined {
  if (!/(?:^|&)X-Amz-(?:Signature|Credential)=/.test(query)) return undefined;
  const pairs = (parseQuery(query) ?? []).filter(([name]) => name.startsWith('X-Amz-'));
  const parameters = new Map(pairs);
  return parameters.size === pairs.length ? parameters : new Map();
}

const credentialPattern = new RegExp(
  `^([A-Za-z0-9-]{1,128})/([0-9]{8})/([a-z0-9-]{1,64})/([a-z0-9-]{1,64})/${scopeEnd}$`,
);

function signatureFrom(parameters: Parameters, expires: string | undefined): Signature | undefined {
  if (parameters.get('X-Amz-Algorithm') !== signingAlgorithm) return undefined;
  const [, accessKeyId = '', date = '', region = '', service = ''] =
    credentialPattern.exec(parameters.get('X-Amz-Credential') ?? '') ?? [];
  const signature = parameters.get('X-Amz-Signature') ?? '';
  const signedHeaders = (parameters.get('X-Amz-SignedHeaders') ?? '').split(';');
  const signedAt = parameters.get('X-Amz-Date') ?? '';
  const signedAtMs = parseTime(signedAt);
  const isWhole = accessKeyId !== '' && /^[0-9a-f]{64}$/.test(signature) && signedAt.startsWith(date);
  if (!isWhole || signedAtMs === undefined || !areOrdered(signedHeaders)) return undefined;
  const parsed = { accessKeyId, date, region, service, signature, signedHeaders, signedAt, signedAtMs };
  if (expires === undefined) return parsed;
  const expiresInSeconds = /^[0-9]{1,6}$/.test(expires) ? Number(expires) : 0;
  const isServing = expiresInSeconds >= 1 && expiresInSeconds <= maximumExpiresInSeconds;
  return isServing ? { ...parsed, expiresInSeconds } : undefined;
}

function areOrdered(names: readonly string[]): boolean {
  return names.every((name, index) => {
    return /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name) && name > (names[index - 1] ?? '');
  });
}

/** `20260131T080000Z` */
function parseTime(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** The time, region and services that a signature must have been made for. */
export interface Receiver {
  readonly nowMs: number;
  readonly region: string;
  readonly services: ReadonlySet<string>;
}

/** Whether the signature is for this region, service and time, and covers the headers that decide what the request does. */
export function isApplicable(request: SignableRequest, signature: Signature, receiver: Receiver): boolean {
  return (
    receiver.services.has(signature.service) &&
    signature.region === receiver.region &&
    isOfNow(signature, receiver.nowMs) &&
    coversHeaders(request, signature) &&
    namesBody(request)
  );
}

/** Whether the signature was made with this secret access key, for exactly this request. */
export function isSignedWith(secretAccessKey: string, request: SignableRequest, signature: Signature): boolean {
  const expected = signatureOf(signingKeyOf(secretAccessKey, signature), request, signature);
  return expected !== undefined && equalsInConstantTime(expected, signature.signature);
}

function isOfNow({ signedAtMs, expiresInSeconds }: Signature, nowMs: number): boolean {
  const untilMs = expiresInSeconds === undefined ? maximumSkewMs : expiresInSeconds * 1000;
  return nowMs - signedAtMs <= untilMs && signedAtMs - nowMs <= maximumSkewMs;
}

/**
 * Host must be signed, so that the request is not valid at another host. Every x-amz- header must be signed, because it may
 * change what the request means.
 */
function coversHeaders(request: SignableRequest, { signedHeaders }: Signature): boolean {
  const covered = new Set(signedHeaders);
  return (
    covered.has('host') && [...request.headers.keys()].every((name) => covered.has(name) || !name.startsWith('x-amz-'))
  );
}

/** The hash of the body is always signed. If the client also sends the hash in a header, the two must be equal. */
function namesBody(request: SignableRequest): boolean {
  const sent = request.headers.get('x-amz-content-sha256');
  return sent === undefined || sent === sha256Hex(request.body);
}
