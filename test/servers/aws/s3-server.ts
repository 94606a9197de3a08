import { isApplicable, isSignedWith, parseSignature } from '../../../lib/core/api-key/sig-v4.ts';
import type { Answer } from '../endpoints/forwarding-server.ts';
import { startProxy } from '../endpoints/forwarding-server.ts';

/** A request that arrived, whatever its answer was. */
export interface S3Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to a request instead of the usual one. `broken`: the connection breaks. `silent`: no answer comes. */
export type S3Fault = 'broken' | 'silent' | { readonly status: number; readonly code: string };

/** PutObject and GetObject on one bucket in memory, with the bucket in the path. It refuses every wrong signature, as S3 does. */
export interface S3Server {
  readonly endpoint: string;
  readonly calls: readonly S3Call[];
  /** Resolves when this many requests have arrived. */
  arrived(count: number): Promise<void>;
  /** Deletes all objects. */
  forget(): Promise<void>;
  /** Decides the fault of the request with this number, counted from 0 in the order of arrival. */
  faultsBy(decide: (index: number) => S3Fault | undefined): void;
  stop(): Promise<void>;
}

export interface S3ServerOptions {
  readonly bucket: string;
  readonly owner: string;
  readonly region: string;
  readonly secretAccessKey: string;
  readonly nowMs: () => number;
  /** The endpoint of an S3 that already runs, where the requests go after the check of their signatures. */
  readonly running?: string | undefined;
}

export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { bucket, running } = options;
  const calls: S3Call[] = [];
  const objects = new Map<string, Buffer>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let decide: (index: number) => S3Fault | undefined = () => undefined;

  function answerFromMemory({ method, path }: S3Call, body: Buffer): Answer {
    if (!path.startsWith(`/${bucket}/`)) return failed(404, 'NoSuchBucket');
    if (method === 'PUT') objects.set(path, body);
    const found = objects.get(path);
    return found === undefined ? failed(404, 'NoSuchKey') : { status: 200, headers: {}, body: found };
  }

  if (running !== undefined) await ask(`${running}/${bucket}`, 'PUT');
  const proxy = await startProxy(running ?? 'http://127.0.0.1:1', async (incoming, body, forward) => {
    const { method = '', url: path = '', headers } = incoming;
    const call = { method, path, headers: headers as Readonly<Record<string, string>> };
    calls.push(call);
    for (const { count, resolve } of waiting) if (calls.length >= count) resolve();
    const fault = decide(calls.length - 1);
    if (typeof fault === 'string') return fault;
    if (fault !== undefined) return failed(fault.status, fault.code);
    if (!isSigned(call, body, options)) return failed(403, 'SignatureDoesNotMatch');
    if (call.headers['x-amz-expected-bucket-owner'] !== options.owner) return failed(403, 'AccessDenied');
    return running === undefined ? answerFromMemory(call, body) : await forward(body);
  });
  return {
    ...proxy,
    calls,
    arrived: (count) =>
      new Promise((resolve) => {
        if (calls.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    async forget() {
      objects.clear();
      const paths = calls.filter(({ method }) => method === 'PUT').map(({ path }) => path);
      if (running !== undefined) for (const path of paths) await ask(`${running}${path}`, 'DELETE');
    },
    faultsBy(next) {
      decide = next;
    },
  };
}

/** moto does not verify signatures, but a request without any is one of the public. */
async function ask(url: string, method: string): Promise<void> {
  const credential = 'Credential=test/20260101/us-east-1/s3/aws4_request';
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`;
  const answer = await fetch(url, { method, headers: { authorization } });
  if (!answer.ok) throw new Error(`${method} ${url} was answered with ${answer.status}.`);
}

function isSigned({ method, path, headers }: S3Call, body: Buffer, options: S3ServerOptions): boolean {
  const request = { method, path, query: '', headers: new Map(Object.entries(headers)), body };
  const signature = parseSignature(request);
  const receiver = { nowMs: options.nowMs(), region: options.region, services: new Set(['s3']) };
  return (
    signature !== undefined &&
    headers['x-amz-content-sha256'] !== undefined &&
    isApplicable(request, signature, receiver) &&
    isSignedWith(options.secretAccessKey, request, signature)
  );
}

function failed(status: number, code: string): Answer {
  const body = Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
  return { status, headers: { 'content-type': 'application/xml' }, body };
}
