import { Buffer } from 'node:buffer';
import { sha256Hex } from '../../core/api-key/sig-v4-canonical.ts';
import { Failure, isStoreUnavailable } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import { fromAwsError } from './failures.ts';
import type { RequestSettings, SignedRequest } from './signed-request.ts';
import { signedRequest, textOf } from './signed-request.ts';

export interface S3BucketOptions {
  /** `<bucket>.s3.<region>.amazonaws.com`, or as the partition has it: the attribute RegionalDomainName of CloudFormation. */
  readonly domainName: string;
  /** The account that must own the bucket, twelve digits. Default: any. */
  readonly owner?: string | undefined;
  /** The configuration of an AWS client that the function has anyway. */
  readonly settings: RequestSettings;
  /** Address of another S3, such as `http://127.0.0.1:9000` or that of a VPC endpoint. Default: the bucket's own. */
  readonly endpoint?: string | undefined;
  readonly clock: Clock;
}

export interface S3Bucket {
  /** @throws Failure StoreUnavailable or StoreRefused */
  put(key: string, text: string, signal?: AbortSignal): Promise<void>;
  /**
   * Failure policy: S3 answers 403 AccessDenied for an object that does not exist, because the role may not list the bucket. So
   * a role that may not read the object cannot be told from an object that is gone.
   *
   * @returns undefined when there is no such object
   * @throws Failure StoreUnavailable or StoreRefused
   */
  get(key: string): Promise<string | undefined>;
}

interface S3Request {
  readonly method: 'PUT' | 'GET';
  readonly key: string;
  readonly body: Buffer;
  readonly signal: AbortSignal | undefined;
  /** For the text of a failure, such as `read the object in S3`. */
  readonly what: string;
}

/** Time of one attempt, from connecting to the last byte of the answer. */
const attemptTimeoutMs = 2000;

/** The pause before the second attempt, which is the last one. */
const retryDelayMs = 100;

/**
 * Reads and writes the objects of a bucket. Performance: two requests need 4 KB of code, and the AWS client for S3 has 300 KB.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function createS3Bucket(options: S3BucketOptions): S3Bucket {
  const { clock, settings } = options;

  async function exchange(request: S3Request): Promise<{ readonly status: number; readonly text: string }> {
    const [expiry, ended] = [new AbortController(), new AbortController()];
    clock.delay(attemptTimeoutMs, ended.signal).then(
      () => expiry.abort(),
      () => undefined,
    );
    const abortSignal = request.signal === undefined ? expiry.signal : AbortSignal.any([request.signal, expiry.signal]);
    try {
      const signed = await requestOf(options, request);
      const { response } = await settings.requestHandler.handle(signed, { abortSignal });
      return { status: response.statusCode, text: await textOf(response.body) };
    } catch (error) {
      throw fromAwsError(error, request.what);
    } finally {
      ended.abort();
    }
  }

  /** @returns the text of the answer; undefined when there is no such object */
  async function attempt(request: S3Request): Promise<string | undefined> {
    const { method, what } = request;
    const { status, text } = await exchange(request);
    if (status === 200) return text;
    const [, code = `HTTP status ${status}`] = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text) ?? [];
    if (method === 'GET' && absences.has(code)) return undefined;
    const isTemporary = status >= 500 || status === 429 || code === 'RequestTimeout';
    if (isTemporary) throw new Failure('StoreUnavailable', `Could not ${what}: ${code}.`);
    throw new Failure('StoreRefused', `Not allowed to ${what}: ${code}.`);
  }

  async function send(request: S3Request): Promise<string | undefined> {
    try {
      return await attempt(request);
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
    }
    await clock.delay(retryDelayMs);
    return attempt(request);
  }

  return {
    async put(key, text, signal) {
      await send({ method: 'PUT', key, body: Buffer.from(text), signal, what: 'write the object to S3' });
    },
    get: (key) => send({ method: 'GET', key, body: Buffer.alloc(0), signal: undefined, what: 'read the object in S3' }),
  };
}

/** Error codes of S3 for an object that does not exist. */
const absences = new Set(['NoSuchKey', 'AccessDenied']);

async function requestOf(options: S3BucketOptions, { method, key, body }: S3Request): Promise<SignedRequest> {
  const { owner, settings, clock } = options;
  const headers = {
    ...(method === 'PUT' && { 'content-type': 'application/x-ndjson' }),
    'x-amz-content-sha256': sha256Hex(body),
    ...(owner !== undefined && { 'x-amz-expected-bucket-owner': owner }),
  };
  const url = await objectUrl(options, key);
  return await signedRequest(settings, clock, { service: 's3', method, url, headers, body });
}

/** Another S3 gets the bucket's name in the path, because its own name is all that DNS has of it. */
async function objectUrl({ domainName, endpoint, settings }: S3BucketOptions, key: string): Promise<URL> {
  if (endpoint !== undefined) {
    const bucket = domainName.slice(0, domainName.indexOf('.s3.'));
    return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${key}`);
  }
  const isFips = await settings.useFipsEndpoint();
  return new URL(`https://${isFips ? domainName.replace('.s3.', '.s3-fips.') : domainName}/${key}`);
}
