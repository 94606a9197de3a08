import { InvokeCommand, type InvokeCommandInput, type LambdaClient } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import type { FunctionHandler, FunctionDependencies } from '../../../lib/local/lambda/function-instances.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { sharedStack } from '../../fixtures/stack.ts';

let stack: Stack;
let client: LambdaClient;
const errors: string[] = [];
const made: FunctionDependencies[] = [];
let received: (event: unknown) => void = () => undefined;

const deliver: FunctionHandler = async (event, context) => {
  received(event);
  if (typeof event !== 'object' || event === null) return event;
  const { fail, size } = event as { fail?: string; size?: number };
  if (fail !== undefined) throw new RangeError(fail);
  if (size !== undefined) return 'x'.repeat(size);
  return { event, arn: context.invokedFunctionArn };
};

const create = async (functionDependencies: FunctionDependencies): Promise<FunctionHandler> => {
  made.push(functionDependencies);
  return deliver;
};

sharedStack.override('stackOptions', {
  functions: [{ name: 'deliver', timeoutSeconds: 3, create }],
  output: { line: () => undefined, error: (text) => void errors.push(text) },
  environment: { CACHE_SECONDS: '7' },
  retryDelaysMs: [0, 0],
});

sharedStack.beforeAll(({ stack: started, clients }) => {
  stack = started;
  client = clients.lambda;
});

async function invoke(event: unknown, options: Partial<InvokeCommandInput> = {}) {
  const input = { FunctionName: 'deliver', Payload: JSON.stringify(event), ...options };
  const answer = await client.send(new InvokeCommand(input));
  const text = answer.Payload?.transformToString() ?? '';
  return { ...answer, value: text === '' ? undefined : JSON.parse(text) };
}

const arn = 'arn:aws:lambda:us-east-1:123456789012:function:lastmile-local-deliver';

test.each([
  'deliver',
  'lastmile-local-deliver',
  'deliver:$LATEST',
  arn,
  `${arn}:$LATEST`,
  '123456789012:function:deliver',
])('a function can be invoked under the name %s', async (FunctionName) => {
  const answer = await invoke({ n: 1 }, { FunctionName });
  expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST', value: { event: { n: 1 }, arn } });
  expect(answer.FunctionError).toBeUndefined();
});

test('a function calls the stack instead of AWS, with its own name as access key id', async () => {
  await invoke({});
  expect(made[0]).toMatchObject({
    aws: { region: 'us-east-1', endpoint: stack.url, credentials: { accessKeyId: 'deliver' } },
    environment: {
      LASTMILE_STAGE: 'local',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'lastmile-local-deliver',
      CACHE_SECONDS: '7',
      DELIVERY_QUEUE_URL: `${stack.url}/123456789012/lastmile-local-deliveries`,
    },
  });
});

test('the answer for a failed function has status 200 and an unhandled error without a stack trace', async () => {
  const { StatusCode, FunctionError, value } = await invoke({ fail: 'canary' });
  expect([StatusCode, FunctionError]).toEqual([200, 'Unhandled']);
  expect(value).toEqual({ errorType: 'RangeError', errorMessage: 'canary' });
  expect(errors.join('\n')).toMatch(/deliver failed \(request [0-9a-f-]+\): RangeError/);
  expect(errors.join('\n')).not.toContain('canary');
});

test('an invocation of an unknown function is refused, and the error names its ARN', async () => {
  await expect(invoke({}, { FunctionName: 'nope' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'Function not found: arn:aws:lambda:us-east-1:123456789012:function:nope',
    $metadata: { httpStatusCode: 404 },
  });
});

test('an invocation of a function of another region is refused', async () => {
  const FunctionName = arn.replace('us-east-1', 'eu-west-1');
  await expect(invoke({}, { FunctionName })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('an asynchronous invocation is accepted and then run', async () => {
  const ran = new Promise((resolve) => {
    received = resolve;
  });
  const answer = await invoke({ later: true }, { InvocationType: 'Event' });
  expect([answer.StatusCode, answer.value]).toEqual([202, undefined]);
  expect(await ran).toEqual({ later: true });
});

test('an asynchronous invocation that keeps failing runs three times, and then prints one line', async () => {
  let runs = 0;
  errors.length = 0;
  const ran = new Promise<void>((resolve) => {
    received = () => {
      runs += 1;
      if (runs === 3) resolve();
    };
  });
  await invoke({ fail: 'canary' }, { InvocationType: 'Event' });
  await ran;
  await invoke('one more call, so that the line is written');
  expect(errors).toEqual([
    expect.stringMatching(/^failed invocation [0-9a-f-]+ of deliver in us-east-1, given up after 3 runs: RangeError$/),
  ]);
});

test('a dry run does not run the function', async () => {
  let runs = 0;
  received = () => {
    runs += 1;
  };
  const { StatusCode } = await invoke({}, { InvocationType: 'DryRun' });
  expect([StatusCode, runs]).toEqual([204, 0]);
});

test('an invocation may have a payload of 6 MiB, and an asynchronous one a payload of 1 MiB', async () => {
  received = () => undefined;
  const six = 'x'.repeat(6_291_456 - 2);
  expect((await invoke(six)).FunctionError).toBeUndefined();
  await expect(invoke(`${six}x`)).rejects.toMatchObject({ name: 'RequestTooLargeException' });
  const one = 'x'.repeat(1_048_576 - 1);
  await expect(invoke(one, { InvocationType: 'Event' })).rejects.toMatchObject({ name: 'RequestTooLargeException' });
});

test('an invocation fails when the function returns more than 6 MiB', async () => {
  const { FunctionError, value } = await invoke({ size: 6_291_456 });
  expect([FunctionError, value.errorType]).toEqual(['Unhandled', 'Function.ResponseSizeTooLarge']);
});

test('an invocation with a payload that is not JSON is refused, and the error does not show the payload', async () => {
  await expect(invoke({}, { Payload: 'canary' })).rejects.toMatchObject({
    name: 'InvalidRequestContentException',
    message: expect.not.stringContaining('canary'),
  });
});
