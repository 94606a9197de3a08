import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { FunctionHandler } from '../../../../lib/local/lambda/function-instances.ts';
import { FunctionRunner } from '../../../../lib/local/lambda/function-runner.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const dependencies = () => ({
  environment: {},
  aws: {},
  deliveryLog: { record: () => undefined },
  connectionLog: { deauthorized: () => undefined, tokenFailed: () => undefined },
  healthLog: { record: () => undefined },
  securityLog: { addressRefused: () => undefined },
  credentialsLog: { record: () => undefined },
});

function newRunner(handler: FunctionHandler, created: string[] = []) {
  const clock = createManualClock();
  const create = async (): Promise<FunctionHandler> => {
    created.push('instance');
    return handler;
  };
  const functions = [{ name: 'echo', timeoutSeconds: 3, create }];
  return { clock, runner: new FunctionRunner({ functions, account: '123456789012', clock, dependencies }) };
}

test('the outcome of a local function is its result as JSON, or null', async () => {
  const { runner } = newRunner(async (event) => (event === 'nothing' ? undefined : { event }));
  expect(await runner.run('echo', 'us-east-1', 1, { requestId: 'r' })).toEqual({
    requestId: 'r',
    payload: '{"event":1}',
  });
  expect((await runner.run('echo', 'us-east-1', 'nothing')).payload).toBe('null');
});

test('a local function gets a context with the values that Lambda gives', async () => {
  let seen: Context | undefined;
  const { runner, clock } = newRunner(async (_event, context) => {
    seen = context;
  });
  await runner.run('echo', 'cn-north-1', {}, { requestId: 'request-1' });
  expect(seen).toMatchObject({
    functionName: 'lastmile-local-echo',
    functionVersion: '$LATEST',
    awsRequestId: 'request-1',
    invokedFunctionArn: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:lastmile-local-echo',
  });
  expect(seen?.getRemainingTimeInMillis()).toBe(3000);
  await clock.advance(1000);
  expect(seen?.getRemainingTimeInMillis()).toBe(2000);
});

test("a local function that exceeds its time limit fails with Lambda's error", async () => {
  const { runner, clock } = newRunner(() => new Promise(() => undefined));
  const running = runner.run('echo', 'us-east-1', {}, { requestId: 'request-1' });
  await clock.advance(0);
  await clock.advance(3000);
  expect(JSON.parse((await running).payload)).toEqual({
    errorType: 'Sandbox.Timedout',
    errorMessage: 'RequestId: request-1 Error: Task timed out after 3.00 seconds',
  });
});

test('the outcome of a failed local function does not contain the stack of the error', async () => {
  const { runner } = newRunner(async () => {
    throw new TypeError('not that');
  });
  const { payload, error } = await runner.run('echo', 'us-east-1', {});
  expect(JSON.parse(payload)).toEqual({ errorType: 'TypeError', errorMessage: 'not that' });
  expect(error?.thrown).toBeInstanceOf(TypeError);
});

test('each region has one instance of a local function, created at its first call', async () => {
  const created: string[] = [];
  const { runner } = newRunner(async () => 1, created);
  expect(created).toEqual([]);
  await Promise.all([runner.run('echo', 'us-east-1', {}), runner.run('echo', 'us-east-1', {})]);
  expect(created).toHaveLength(1);
  await runner.run('echo', 'eu-west-1', {});
  expect(created).toHaveLength(2);
});

test('a function whose creation failed is created again at the next call', async () => {
  let made = 0;
  const create = async (): Promise<FunctionHandler> => {
    made += 1;
    if (made === 1) throw new Error('not yet');
    return async () => 'made';
  };
  const clock = createManualClock();
  const functions = [{ name: 'echo', timeoutSeconds: 3, create }];
  const runner = new FunctionRunner({ functions, account: '123456789012', clock, dependencies });
  expect((await runner.run('echo', 'us-east-1', {})).error?.message).toBe('not yet');
  expect((await runner.run('echo', 'us-east-1', {})).payload).toBe('"made"');
});
