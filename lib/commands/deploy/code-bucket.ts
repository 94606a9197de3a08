import type { S3Client } from '@aws-sdk/client-s3';
import {
  CreateBucketCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Exit } from '../command.ts';

/*
 * The bucket from which CloudFormation reads the template and the code of the functions.
 *
 * Everybody can guess its name. So each request names the account that must own the bucket (`ExpectedBucketOwner`): nothing is ever
 * written to a bucket of somebody else.
 */

export interface CodeBucket {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

export interface Upload {
  /** It contains a hash of the content, so an object with this key never changes. */
  readonly key: string;
  readonly body: Uint8Array | string;
  readonly contentType: string;
}

interface Ports {
  readonly s3: S3Client;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Makes the bucket if it does not exist.
 *
 * @throws Exit 1 when the bucket belongs to somebody else
 */
export async function openCodeBucket(bucket: CodeBucket, ports: Ports): Promise<void> {
  const status = await statusOf(bucket, ports);
  if (status === 403) throw foreign(bucket);
  if (status === 404) {
    await createBucket(bucket, ports);
    ports.say(`Created the bucket ${bucket.name} for the code.`);
  } else if (await isProtected(bucket, ports)) {
    return;
  }
  await protect(bucket, ports);
}

async function statusOf(bucket: CodeBucket, { s3, signal }: Ports): Promise<number> {
  try {
    await s3.send(new HeadBucketCommand(withOwner(bucket)), { abortSignal: signal });
    return 200;
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 404 || status === 403) return status;
    throw error;
  }
}

async function createBucket(bucket: CodeBucket, { s3, signal }: Ports): Promise<void> {
  // S3 refuses us-east-1 as a constraint, because it is the default.
  const constraint = { CreateBucketConfiguration: { LocationConstraint: bucket.region as 'eu-central-1' } };
  const request = { Bucket: bucket.name, ...(bucket.region !== 'us-east-1' && constraint) };
  try {
    await s3.send(new CreateBucketCommand(request), { abortSignal: signal });
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    if (error.name === 'BucketAlreadyExists') throw foreign(bucket);
    // Another deployment has just made it.
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  }
}

function foreign({ name, account }: CodeBucket): Exit {
  return new Exit(
    1,
    `The bucket ${name} does not belong to your account ${account}, or you may not read it (s3:ListBucket). Nothing was uploaded. Name another bucket with --bucket.`,
  );
}

/** Versioning is the setting that a bucket does not have by itself, and the last one that this command makes. */
async function isProtected(bucket: CodeBucket, { s3, signal }: Ports): Promise<boolean> {
  const { Status } = await s3.send(new GetBucketVersioningCommand(withOwner(bucket)), { abortSignal: signal });
  return Status === 'Enabled';
}

async function protect(bucket: CodeBucket, { s3, signal }: Ports): Promise<void> {
  const abort = { abortSignal: signal };
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  };
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
  const owner = withOwner(bucket);
  await s3.send(new PutPublicAccessBlockCommand({ ...owner, PublicAccessBlockConfiguration }), abort);
  const ServerSideEncryptionConfiguration = { Rules: [rule] };
  await s3.send(new PutBucketEncryptionCommand({ ...owner, ServerSideEncryptionConfiguration }), abort);
  if (!(await callsPlainHttp(s3)))
    await s3.send(new PutBucketPolicyCommand({ ...owner, Policy: JSON.stringify(tlsOnly(bucket)) }), abort);
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await s3.send(new PutBucketVersioningCommand({ ...owner, VersioningConfiguration }), abort);
}

/** A simulation of AWS on this machine. The policy would refuse the requests of this command. */
async function callsPlainHttp({ config }: S3Client): Promise<boolean> {
  return (await config.endpoint?.())?.protocol === 'http:';
}

function tlsOnly({ name, partition }: CodeBucket): object {
  const arn = `arn:${partition}:s3:::${name}`;
  const statement = {
    Sid: 'TlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  return { Version: '2012-10-17', Statement: [statement] };
}

/**
 * Uploads what is not in the bucket yet.
 *
 * @returns the keys that were uploaded
 */
export async function uploadMissing(
  bucket: CodeBucket,
  uploads: readonly Upload[],
  ports: Ports,
): Promise<readonly string[]> {
  const uploaded = await Promise.all(
    uploads.map(async (upload) => {
      if (await isThere(bucket, upload.key, ports)) return [];
      const input = { ...withOwner(bucket), Key: upload.key, Body: upload.body, ContentType: upload.contentType };
      await ports.s3.send(new PutObjectCommand(input), { abortSignal: ports.signal });
      return [upload.key];
    }),
  );
  return uploaded.flat();
}

/** Without s3:ListBucket, S3 answers 403 for a missing object. Then it is uploaded again, which changes nothing. */
async function isThere(bucket: CodeBucket, key: string, { s3, signal }: Ports): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ ...withOwner(bucket), Key: key }), { abortSignal: signal });
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0)) return false;
    throw error;
  }
}

function withOwner({ name, account }: CodeBucket): { readonly Bucket: string; readonly ExpectedBucketOwner: string } {
  return { Bucket: name, ExpectedBucketOwner: account };
}
