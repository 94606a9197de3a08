import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { wireKeptEvents } from '../../../functions/kept-events.ts';
import { createS3KeptEvents } from '../../../lib/adapters/aws/kept-events.ts';
import type { S3BucketOptions } from '../../../lib/adapters/aws/s3-bucket.ts';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import { parseConfig } from '../../../lib/config.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { Clock } from '../../../lib/ports/clock.ts';
import type { S3Fault, S3Server } from '../../servers/aws/s3-server.ts';
import { startS3Server } from '../../servers/aws/s3-server.ts';
import { describeKeptEvents, everything } from '../history/kept-events.ts';

const region = 'eu-west-1';
const bucket = 'kept-events-1';
const owner = '123456789012';
const domainName = `${bucket}.s3.${region}.amazonaws.com`;
const secretAccessKey = 'canary-secret';
const never = new AbortController().signal;
const startMs = Date.now();

const started: { server?: S3Server } = {};
beforeAll(async () => {
  started.server = await startS3Server({
    bucket,
    owner,
    region,
    secretAccessKey,
    nowMs: () => startMs,
    running: inject('moto'),
  });
});
afterAll(() => started.server?.stop());

/** A clock whose short delays end at once. The time of an attempt ends when the test says so. */
function createClock(): Clock & { readonly delaysMs: readonly number[]; endAttempt(): void } {
  const delaysMs: number[] = [];
  let endAttempt = () => {};
  return {
    delaysMs,
    nowMs: () => startMs,
    delay(delayMs) {
      delaysMs.push(delayMs);
      return delayMs < 1000 ? Promise.resolve() : new Promise((resolve) => (endAttempt = resolve));
    },
    endAttempt: () => endAttempt(),
  };
}

function keptIn(endpoint: string | undefined, options: Partial<S3BucketOptions> = {}) {
  const clock = createClock();
  const credentials = { accessKeyId: 'test', secretAccessKey, sessionToken: 'session' };
  // Unlike those of the functions, this client has no time limits of its own.
  const sqs = new SQSClient({ region, credentials });
  onTestFinished(() => sqs.destroy());
  return { clock, ...createS3KeptEvents({ domainName, owner, settings: sqs.config, endpoint, clock, ...options }) };
}

function serverWith(...faults: readonly (S3Fault | undefined)[]): S3Server {
  const { server } = started;
  if (server === undefined) throw new Error('S3 has not been started.');
  const before = server.calls.length;
  server.faultsBy((index) => faults[index - before]);
  return server;
}

const codeOf = (failing: Promise<unknown>) =>
  failing.catch((error: unknown) => (error instanceof Failure ? error.code : error));

describeKeptEvents('in S3', async () => {
  const server = serverWith();
  const events = keptIn(server.endpoint);
  return {
    keeper: events,
    events,
    nowMs: events.clock.nowMs,
    forget: () => server.forget(),
    breakDown: () => server.faultsBy(() => ({ status: 400, code: 'RequestTimeout' })),
  };
});

test('an object is written with one signed request, which names the owner of the bucket', async () => {
  const server = serverWith();
  const before = server.calls.length;
  const [location] = await keptIn(server.endpoint).keep([everything], never);
  const [call, ...others] = server.calls.slice(before);
  expect(others).toEqual([]);
  expect(call).toMatchObject({ method: 'PUT', path: `/${bucket}/${location?.replace('#0', '')}` });
  expect(call?.headers).toMatchObject({
    'content-type': 'application/x-ndjson',
    'x-amz-expected-bucket-owner': owner,
    'x-amz-security-token': 'session',
  });
});

test.each<[string, S3Fault]>([
  ['a connection that breaks', 'broken'],
  ['the answer SlowDown', { status: 503, code: 'SlowDown' }],
  ['the answer InternalError', { status: 500, code: 'InternalError' }],
  ['the answer RequestTimeout', { status: 400, code: 'RequestTimeout' }],
])('a write is repeated once with the same key after %s', async (_what, fault) => {
  const server = serverWith(fault);
  const before = server.calls.length;
  const { keep, read, clock } = keptIn(server.endpoint);
  const [location = ''] = await keep([everything], never);
  expect(clock.delaysMs).toEqual([2000, 100, 2000]);
  expect(new Set(server.calls.slice(before).map(({ path }) => path)).size).toBe(1);
  expect(server.calls.length - before).toBe(2);
  expect(await read(location)).toBeDefined();
});

test('a write that fails twice for the time being is given up', async () => {
  const server = serverWith('broken', { status: 503, code: 'SlowDown' }, undefined);
  const before = server.calls.length;
  expect(await codeOf(keptIn(server.endpoint).keep([everything], never))).toBe('StoreUnavailable');
  expect(server.calls.length - before).toBe(2);
});

test.each(['AccessDenied', 'NoSuchBucket', 'ExpiredToken', 'KMS.DisabledException'])(
  'a write that S3 refuses with %s is not repeated, and its failure names that code',
  async (code) => {
    const server = serverWith({ status: code === 'NoSuchBucket' ? 404 : 403, code });
    const before = server.calls.length;
    const error = await keptIn(server.endpoint)
      .keep([everything], never)
      .catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'StoreRefused', message: `Not allowed to write the object to S3: ${code}.` });
    expect(server.calls.length - before).toBe(1);
  },
);

test('nothing is read when S3 answers AccessDenied, because it does so for an object that is gone', async () => {
  const server = serverWith();
  const { keep, read } = keptIn(server.endpoint);
  const [location = ''] = await keep([everything], never);
  serverWith({ status: 403, code: 'AccessDenied' });
  expect(await read(location)).toBeUndefined();
});

test('a read with credentials that S3 does not accept fails with StoreRefused', async () => {
  const server = serverWith();
  const [location = ''] = await keptIn(server.endpoint).keep([everything], never);
  serverWith({ status: 403, code: 'InvalidAccessKeyId' });
  expect(await codeOf(keptIn(server.endpoint).read(location))).toBe('StoreRefused');
});

test('an attempt without an answer ends after two seconds, and the second attempt succeeds', async () => {
  const server = serverWith('silent');
  const before = server.calls.length;
  const { keep, clock } = keptIn(server.endpoint);
  const keeping = keep([everything], never);
  await server.arrived(before + 1);
  clock.endAttempt();
  expect(await keeping).toHaveLength(1);
  expect(server.calls.length - before).toBe(2);
});

test('a write ends and sends nothing more when its signal aborts', async () => {
  const server = serverWith('silent');
  const before = server.calls.length;
  const { keep } = keptIn(server.endpoint);
  const expiry = new AbortController();
  const keeping = codeOf(keep([everything], expiry.signal));
  await server.arrived(before + 1);
  expiry.abort();
  expect(await keeping).toBe('StoreUnavailable');
  expect(server.calls.length - before).toBe(1);
});

async function* bodyOf(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('');
}

test.each([
  [undefined, false, `https://${domainName}/`],
  [undefined, true, `https://${bucket}.s3-fips.${region}.amazonaws.com/`],
  ['https://s3.example.com:9000/', false, `https://s3.example.com:9000/${bucket}/`],
])('with the endpoint %j and FIPS %j an object is written below %s', async (endpoint, isFips, expected) => {
  const sqs = createSqsClient({ region, credentials: { accessKeyId: 'test', secretAccessKey } });
  onTestFinished(() => sqs.destroy());
  const urls: string[] = [];
  const requestHandler: S3BucketOptions['settings']['requestHandler'] = {
    async handle({ protocol, hostname, port, path, headers }) {
      urls.push(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
      expect(headers['host']).toBe(new URL(expected).host);
      return { response: { statusCode: 200, body: bodyOf() } };
    },
  };
  const settings = { ...sqs.config, requestHandler, useFipsEndpoint: async () => isFips };
  const [location = ''] = await keptIn(endpoint, { settings }).keep([everything], never);
  expect(urls).toEqual([`${expected}${location.replace('#0', '')}`]);
});

test('a write that S3 refuses is a log line with the number of deliveries and the reason', async () => {
  const server = serverWith({ status: 403, code: 'AccessDenied' });
  const config = parseConfig({
    TABLE_NAME: 'table',
    DELIVERY_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/deliveries',
    DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters',
    SECRET_PREFIX: 'lastmile/dev/connection/',
    ROOT_SECRET_ARN: `arn:aws:secretsmanager:eu-west-1:${owner}:secret:root`,
    AUTHORIZE_CONNECTION_FUNCTION: 'authorize',
    KEPT_EVENTS_URL: `https://${domainName}/events/`,
  });
  const sqs = new SQSClient({ region, credentials: { accessKeyId: 'test', secretAccessKey } });
  onTestFinished(() => sqs.destroy());
  const lines: string[] = [];
  const environment = { AWS_ENDPOINT_URL_S3: server.endpoint };
  const events = wireKeptEvents(config, sqs.config, createClock(), environment, (line) => lines.push(line));
  await expect(events?.keep([everything], never)).rejects.toMatchObject({ code: 'StoreRefused' });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'WARN',
      message: 'events.not-kept',
      deliveries: 1,
      code: 'StoreRefused',
      reason: 'Not allowed to write the object to S3: AccessDenied.',
    },
  ]);
});
