import { expect, test } from 'vitest';
import type { FunctionHandler } from '../../../../lib/local/lambda/function-instances.ts';
import { FunctionRunner } from '../../../../lib/local/lambda/function-runner.ts';
import { createFunctionUrlService } from '../../../../lib/local/lambda/function-url.ts';
import type { LocalRequest } from '../../../../lib/local/stack/wire.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const request: LocalRequest = {
  method: 'POST',
  path: '/a%2Fb',
  query: 'x=1&x=2&y=%20',
  headers: { 'content-type': 'application/json', host: 'localhost:4010', 'user-agent': 'test' },
  body: Buffer.from([0xc3, 0xa9, 0xff]),
  region: 'us-east-1',
  accessKeyId: 'me',
  host: 'localhost:4010',
  sourceAddress: '127.0.0.1',
};

function serve(handler: FunctionHandler, failures: unknown[] = []) {
  const clock = createManualClock(Date.UTC(2026, 2, 4, 5, 6, 7));
  const functions = [{ name: 'control-api', timeoutSeconds: 30, create: async () => handler }];
  const dependencies = () => ({
    environment: {},
    aws: {},
    deliveryLog: { record: () => undefined },
    connectionLog: { deauthorized: () => undefined, tokenFailed: () => undefined },
    healthLog: { record: () => undefined },
    securityLog: { addressRefused: () => undefined },
    credentialsLog: { record: () => undefined },
  });
  const runner = new FunctionRunner({ functions, account: '123456789012', clock, dependencies });
  const reportFailure = (outcome: unknown): void => void failures.push(outcome);
  return createFunctionUrlService({ runner, functionName: 'control-api', clock, reportFailure })(request);
}

test('a local function URL passes a request on in payload format 2.0, with its body in base64', async () => {
  let seen: unknown;
  await serve(async (event) => {
    seen = event;
  });
  expect(seen).toMatchObject({
    version: '2.0',
    rawPath: '/a%2Fb',
    rawQueryString: 'x=1&x=2&y=%20',
    queryStringParameters: { x: '1,2', y: ' ' },
    headers: { 'content-type': 'application/json' },
    body: Buffer.from([0xc3, 0xa9, 0xff]).toString('base64'),
    isBase64Encoded: true,
    requestContext: {
      domainName: 'localhost',
      http: { method: 'POST', path: '/a%2Fb', sourceIp: '127.0.0.1', userAgent: 'test' },
      time: '04/Mar/2026:05:06:07 +0000',
      timeEpoch: Date.UTC(2026, 2, 4, 5, 6, 7),
    },
  });
});

test('a local function URL turns a result into an HTTP answer, even with a binary body', async () => {
  const answer = await serve(async () => ({
    statusCode: 418,
    headers: { 'X-Kind': 'tea' },
    body: 'AP8=',
    isBase64Encoded: true,
  }));
  expect(answer).toEqual({ status: 418, headers: { 'x-kind': 'tea' }, body: Buffer.from([0, 255]) });
});

test('a local function URL sends a result without a status code as the body of the answer', async () => {
  const answer = await serve(async () => ({ plain: true }));
  expect([answer.status, answer.body]).toEqual([200, '{"plain":true}']);
});

test('a local function URL answers a failure of the function with InternalFailure', async () => {
  const failures: unknown[] = [];
  const serving = serve(async () => {
    throw new TypeError('secret words');
  }, failures);
  await expect(serving).rejects.toMatchObject({ code: 'InternalFailure', status: 500 });
  await expect(serving).rejects.not.toThrow(/secret words/);
  expect(failures).toHaveLength(1);
});
