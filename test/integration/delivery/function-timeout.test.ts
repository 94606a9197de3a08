import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { deployedFunctions } from '../../../lib/local/lambda/function-instances.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { ownClients, ownFolder, ownStack } from '../../fixtures/stack.ts';

let dataDir: string;
let stack: Stack | undefined;

beforeEach(() => {
  dataDir = ownFolder();
});

/** Starts the stack again over the same folder. Its clock records the length of every delay. */
async function start(timeoutSeconds: number) {
  await stack?.stop();
  const delaysMs: number[] = [];
  const clock = {
    ...systemClock,
    delay: (delayMs: number, signal?: AbortSignal) => {
      delaysMs.push(delayMs);
      return systemClock.delay(delayMs, signal);
    },
  };
  stack = await ownStack({
    dataDir,
    clock,
    environment: { FUNCTION_TIMEOUT_SECONDS: String(timeoutSeconds) },
  });
  const { sqs, lambda } = ownClients(stack);
  const QueueUrl = `${stack.url}/123456789012/lastmile-local-deliveries`;
  return {
    delaysMs,
    lambda,
    setVisibility: (seconds: number) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: String(seconds) } })),
    async visibility() {
      const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
      return Number((await sqs.send(asked)).Attributes?.['VisibilityTimeout']);
    },
  };
}

test('the delivery queue hides a message for six times the timeout of its function', async () => {
  const { visibility } = await start(120);
  expect(await visibility()).toBe(720);
});

test('an existing queue keeps its visibility timeout unless the timeout of its function needs a longer one', async () => {
  await (await start(60)).setVisibility(100);
  expect(await (await start(100)).visibility()).toBe(100);
  expect(await (await start(101)).visibility()).toBe(606);
});

test('FUNCTION_TIMEOUT_SECONDS sets the time limit of deliver', async () => {
  const { lambda, delaysMs } = await start(117);
  const before = delaysMs.length;
  await lambda.send(new InvokeCommand({ FunctionName: 'deliver', Payload: '{}' }));
  const ofInvocation = delaysMs.slice(before);
  expect(ofInvocation).toContain(117_000);
  expect(ofInvocation).not.toContain(60_000);
});

test('the timeout of control-api stays below 60 s when the timeout of deliver is 900 s', () => {
  const seconds = Object.fromEntries(deployedFunctions(900).map(({ name, timeoutSeconds }) => [name, timeoutSeconds]));
  expect(seconds).toMatchObject({ deliver: 900, 'deliver-queued': 900 });
  expect(seconds['control-api']).toBeLessThan(60);
});
