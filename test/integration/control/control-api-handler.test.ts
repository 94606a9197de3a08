import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { dependenciesFrom } from '../../../functions/control-api.ts';
import { loopbackCidrs } from '../../servers/endpoints/loopback.ts';

const variables = {
  TABLE_NAME: 'lastmile-test',
  DELIVERY_QUEUE_URL: 'http://127.0.0.1:1/123456789012/deliveries',
  DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/123456789012/dead-letters',
  SECRET_PREFIX: 'lastmile/test/connection/',
  ROOT_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:root',
  AUTHORIZE_CONNECTION_FUNCTION: 'lastmile-test-authorize-connection',
};

const script = `
  import { handler } from ${JSON.stringify(new URL('../../../functions/control-api.ts', import.meta.url).href)};
  const context = JSON.parse(process.argv[1]);
  const answers = [];
  for (const event of JSON.parse(process.argv[2])) {
    answers.push(await handler(event, { ...context, getRemainingTimeInMillis: () => 30000 }));
  }
  console.log('ANSWERS' + JSON.stringify(answers));
`;

const context = {
  awsRequestId: 'request-1',
  functionName: 'lastmile-test-control-api',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:lastmile-test-control-api',
};

/** Invokes the function directly, as a caller with IAM permission. */
function directEvent(operation: string, Name: string): object {
  return { operation, input: { Name } };
}

function functionUrlEvent(operation: string, body: string): object {
  return {
    rawPath: '/',
    headers: { 'x-amz-target': `AWSEvents.${operation}`, authorization: 'canary-authorization' },
    requestContext: { accountId: '123456789012', http: { method: 'POST', path: '/' } },
    body,
    isBase64Encoded: false,
  };
}

/** Runs the deployed entry in its own process, where AWS cannot be reached. */
async function run(events: readonly object[], environment: Record<string, string>) {
  const arguments_ = ['--input-type=module', '-e', script, JSON.stringify(context), JSON.stringify(events)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, arguments_, {
    env: {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'canary-key',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      ...environment,
    },
  });
  const [before = '', rest = '[]'] = stdout.split('ANSWERS');
  // Metrics are printed after the answer.
  const [answers = '', ...after] = rest.split('\n');
  return { log: before + after.join('\n') + stderr, answers: JSON.parse(answers) as object[] };
}

describe('the deployed handler', () => {
  test('the deployed handler logs no headers or bodies, even when event logging is on', async () => {
    const events = [
      directEvent('DescribeConnection', 'canary-name'),
      directEvent('DescribeConnection', 'canary name'),
      functionUrlEvent('CreateConnection', '{"canary-body'),
    ];
    const { log, answers } = await run(events, { ...variables, POWERTOOLS_LOGGER_LOG_EVENT: 'true' });
    expect(answers).toMatchObject([
      { error: { code: 'InternalException', message: expect.stringContaining('Try again') } },
      { error: { code: 'ValidationException' } },
      { statusCode: 400, body: expect.stringContaining('UnrecognizedClientException') },
    ]);
    const lines = log.split('\n').filter((line) => line.includes('control request failed'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'ERROR',
      function_request_id: 'request-1',
      fault: {
        operation: 'DescribeConnection',
        requestId: 'request-1',
        errors: [{ name: 'Failure', stack: expect.stringMatching(/^\s+at .*lib\/adapters\//) }, expect.anything()],
      },
    });
    expect(log).not.toContain('canary');
  });

  test('the first call of the deployed handler fails with the names of all missing variables', async () => {
    const failure: unknown = await run([functionUrlEvent('ListConnections', '{}')], {}).then(
      () => undefined,
      (error: unknown) => error,
    );
    for (const name of Object.keys(variables)) expect(String(failure)).toContain(`${name} is required`);
    expect((await run([], {})).answers).toEqual([]);
  });
});

test('an endpoint may use plain HTTP only if the allowlist contains loopback', async () => {
  const input = {
    Name: 'd',
    ConnectionArn: 'arn:aws:events:us-east-1:123456789012:connection/c/0',
    InvocationEndpoint: 'http://127.0.0.1:9/',
    HttpMethod: 'POST',
  };
  const caller = { region: 'us-east-1', account: '123456789012', partition: 'aws', requestId: 'r' };
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const aws = { region: 'us-east-1', endpoint: 'http://127.0.0.1:1', credentials };
  const refusal = async (allowlist: string) => {
    const { operations } = dependenciesFrom({ ...variables, PRIVATE_NETWORK_ALLOWLIST: allowlist }, aws);
    const answer = operations['CreateApiDestination']?.(input, caller);
    return await answer?.then(
      () => 'accepted',
      (error: unknown) => String(error),
    );
  };
  expect(await refusal('')).toContain('please provide a valid HTTPS endpoint URL');
  expect(await refusal('0.0.0.0/0')).toContain('please provide a valid HTTPS endpoint URL');
  expect(await refusal(loopbackCidrs)).not.toContain('HTTPS');
});

test('the deployed function refuses to list deliveries, and names the query that CloudWatch Logs Insights needs', async () => {
  const [answer] = (await run([{ operation: 'ListDeliveries', input: { EventId: 'event-1' } }], variables)).answers;
  expect(answer).toEqual({
    error: {
      code: 'OperationDisabledException',
      message: expect.stringMatching(
        /^Failed to list the deliveries\. The history of a deployed stack is in CloudWatch Logs, /,
      ),
    },
  });
});
