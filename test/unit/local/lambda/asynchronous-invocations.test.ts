import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { AsynchronousInvocations, lambdaRetryDelaysMs } from '../../../../lib/local/lambda/asynchronous-invocations.ts';
import { describeFailedInvocation } from '../../../../lib/local/stack/wire.ts';
import type { FunctionHandler } from '../../../../lib/local/lambda/function-instances.ts';
import { FunctionRunner } from '../../../../lib/local/lambda/function-runner.ts';
import { InvocationStore } from '../../../../lib/local/lambda/invocation-store.ts';
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

function newInvocations(handler: FunctionHandler, database = new DatabaseSync(':memory:')) {
  const clock = createManualClock();
  const functions = [{ name: 'work', timeoutSeconds: 30, create: async () => handler }];
  const runner = new FunctionRunner({ functions, account: '123456789012', clock, dependencies });
  const store = new InvocationStore(database);
  const reported: string[] = [];
  const invocations = new AsynchronousInvocations({
    store,
    runner,
    clock,
    retryDelaysMs: lambdaRetryDelaysMs,
    onFailed: async (failed) => void reported.push(describeFailedInvocation(failed)),
  });
  return { clock, store, database, reported, invocations };
}

test('an asynchronous invocation is stored before it runs and deleted after it has succeeded', async () => {
  const seen: unknown[] = [];
  const { invocations, store, clock } = newInvocations(async (event, context) => {
    seen.push([event, context.awsRequestId, store.pending().length]);
  });
  const { requestId } = invocations.accept('work', 'us-east-1', '{"a":1}');
  expect(store.pending()).toHaveLength(1);
  await clock.advance(0);
  expect(seen).toEqual([[{ a: 1 }, requestId, 1]]);
  expect(store.pending()).toEqual([]);
});

test('an asynchronous invocation keeps its X-Ray header until it has ended, also on a retry', async () => {
  const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
  const seen: unknown[] = [];
  const { invocations, database, clock } = newInvocations(async (_event, context) => {
    seen.push(context.traceHeader);
    if (seen.length === 1) throw new Error('no');
  });
  invocations.accept('work', 'us-east-1', '{}', traceHeader);
  await clock.advance(0);
  await clock.advance(60_000);
  expect(seen).toEqual([traceHeader, traceHeader]);
  expect(database.prepare('SELECT * FROM invocation_traces').all()).toEqual([]);
  invocations.accept('work', 'us-east-1', '{}');
  await clock.advance(0);
  expect(seen).toEqual([traceHeader, traceHeader, undefined]);
});

test('a failing asynchronous invocation is retried after one minute and again after two more', async () => {
  const ids: string[] = [];
  const { invocations, clock } = newInvocations(async (_event, context) => {
    ids.push(context.awsRequestId);
    throw new Error('no');
  });
  invocations.accept('work', 'us-east-1', '{}');
  await clock.advance(0);
  await clock.advance(59_999);
  expect(ids).toHaveLength(1);
  await clock.advance(1);
  expect(ids).toHaveLength(2);
  await clock.advance(119_999);
  expect(ids).toHaveLength(2);
  await clock.advance(1);
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
});

test("an asynchronous invocation whose last retry fails is reported without the error's message", async () => {
  const { invocations, clock, store, reported } = newInvocations(async () => {
    throw new SyntaxError('Unexpected token in "canary"');
  });
  const { requestId } = invocations.accept('work', 'us-east-1', '{}');
  await clock.advance(0);
  await clock.advance(60_000);
  await clock.advance(120_000);
  await clock.advance(86_400_000);
  expect(store.failed()).toMatchObject([{ id: requestId, functionName: 'work', failures: 3 }]);
  expect(store.pending()).toEqual([]);
  expect(reported).toEqual([`failed invocation ${requestId} of work in us-east-1, given up after 3 runs: SyntaxError`]);
});

test('an asynchronous invocation keeps its count of failures when the next process takes it over', async () => {
  const database = new DatabaseSync(':memory:');
  const first = newInvocations(() => new Promise(() => undefined), database);
  const { requestId } = first.invocations.accept('work', 'us-east-1', '{"kept":true}');
  await first.clock.advance(0);
  const seen: unknown[] = [];
  const second = newInvocations(async (event, context) => {
    seen.push([event, context.awsRequestId]);
  }, database);
  second.invocations.start();
  await second.clock.advance(0);
  expect(seen).toEqual([[{ kept: true }, requestId]]);
});

test('a retry of an asynchronous invocation waits for its time even in the next process', async () => {
  const database = new DatabaseSync(':memory:');
  const first = newInvocations(async () => {
    throw new Error('no');
  }, database);
  first.invocations.accept('work', 'us-east-1', '{}');
  await first.clock.advance(0);
  let runs = 0;
  const second = newInvocations(async () => {
    runs += 1;
  }, database);
  second.invocations.start();
  await second.clock.advance(59_999);
  expect(runs).toBe(0);
  await second.clock.advance(1);
  expect(runs).toBe(1);
});

test('an asynchronous invocation that a stop interrupts is run by the next process', async () => {
  let fail: (error: Error) => void = () => undefined;
  const { invocations, clock, store } = newInvocations(
    () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      }),
  );
  invocations.accept('work', 'us-east-1', '{}');
  await clock.advance(0);
  const stopped = invocations.stop(new Promise(() => undefined));
  fail(new Error('connection lost'));
  await stopped;
  expect(store.pending()).toHaveLength(1);
  expect(store.failed()).toEqual([]);
});

test('stopping the asynchronous invocations takes no longer than the grace period', async () => {
  const { invocations, clock, store } = newInvocations(() => new Promise(() => undefined));
  invocations.accept('work', 'us-east-1', '{}');
  await clock.advance(0);
  await invocations.stop(Promise.resolve());
  expect(store.pending()).toHaveLength(1);
});
