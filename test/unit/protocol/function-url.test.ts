import { describe, expect, test } from 'vitest';
import { answerFunctionUrl, createEventsRoute } from '../../../lib/protocol/control-api.ts';
import type { RequestContext } from '../../../lib/protocol/control-request.ts';
import type { Fault } from '../../../lib/protocol/access.ts';

const functionArn = 'arn:aws-cn:lambda:cn-north-1:123456789012:function:lastmile-test-control-api:live';

function functionUrlEvent(changes: object = {}): object {
  return {
    version: '2.0',
    rawPath: '/',
    rawQueryString: '',
    headers: { 'X-Amz-Target': 'AWSEvents.DescribeConnection', 'content-type': 'application/x-amz-json-1.1' },
    requestContext: { accountId: '999999999999', http: { method: 'POST', path: '/' } },
    body: Buffer.from('{"Name":"é"}').toString('base64'),
    isBase64Encoded: true,
    ...changes,
  };
}

async function invoke(event: unknown, invokedFunctionArn = functionArn, fallbackRegion?: string) {
  const [faults, callers, inputs]: [Fault[], RequestContext[], unknown[]] = [[], [], []];
  const logFault = (fault: Fault) => void faults.push(fault);
  const route = createEventsRoute({
    logFault,
    operations: {
      ListConnections: (input, caller) => {
        callers.push(caller);
        inputs.push(input);
        return Promise.resolve({});
      },
    },
  });
  const answer = await answerFunctionUrl(
    [route],
    event,
    { awsRequestId: 'r-1', invokedFunctionArn },
    { authentication: 'none', logFault, fallbackRegion },
  );
  return { ...answer, json: JSON.parse(answer.body) as { __type?: string; message?: string }, faults, callers, inputs };
}

const list = { 'x-AMZ-target': 'AWSEvents.ListConnections' };

describe('the event of a function URL', () => {
  test('a function URL event is read regardless of the case of its header names', async () => {
    const answer = await invoke(functionUrlEvent({ headers: list, body: '{}', isBase64Encoded: false }));
    expect(answer).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'r-1' },
      body: '{}',
      isBase64Encoded: false,
    });
  });

  test('a function URL event may have its body as base64 or text, or may have none', async () => {
    const json = '{"NamePrefix":"orders"}';
    const base64 = { body: Buffer.from(json).toString('base64'), isBase64Encoded: true };
    expect((await invoke(functionUrlEvent({ headers: list, ...base64 }))).inputs).toEqual([{ NamePrefix: 'orders' }]);
    const text = { body: json, isBase64Encoded: false };
    expect((await invoke(functionUrlEvent({ headers: list, ...text }))).inputs).toEqual([{ NamePrefix: 'orders' }]);
    const none = { body: undefined, isBase64Encoded: false };
    expect((await invoke(functionUrlEvent({ headers: list, ...none }))).inputs).toEqual([{}]);
  });

  test.each([
    ['is not an object', undefined],
    ['is not an object', null],
    ['is not an object', 'text'],
    ['is not an object', []],
    ['has no object requestContext', { detail: { canary: 1 } }],
    ['has no object requestContext.http', functionUrlEvent({ requestContext: { accountId: '1' } })],
    ['has no string requestContext.http.method', functionUrlEvent({ requestContext: { http: { method: 7 } } })],
    ['has no string rawPath', functionUrlEvent({ rawPath: undefined })],
    ['has no object headers', functionUrlEvent({ headers: 'canary' })],
    ['has a body that is not a string', functionUrlEvent({ body: { canary: 1 } })],
    ['has a body that is not base64', functionUrlEvent({ body: 'canary?!' })],
    ['has a body that is not base64', functionUrlEvent({ body: 'canary' })],
  ])('a function URL event that %s is refused with an error that says so', async (lack, event) => {
    const answer = await invoke(event);
    expect(answer.statusCode).toBe(400);
    expect(answer.json).toEqual({
      __type: 'SerializationException',
      message: `The event of the function URL ${lack}.`,
    });
    expect(answer.headers['x-amzn-requestid']).toBe('r-1');
    expect(answer.faults).toEqual([]);
  });
});

describe('region and account', () => {
  const event = functionUrlEvent({ headers: list, body: '{}', isBase64Encoded: false });

  test('a function URL request gets region and account from the function ARN', async () => {
    const { callers } = await invoke(event, functionArn, 'eu-west-1');
    expect(callers).toEqual([{ region: 'cn-north-1', account: '123456789012', partition: 'aws-cn', requestId: 'r-1' }]);
  });

  test('without a function ARN, a request gets the region from the environment and the account from the event', async () => {
    const { callers } = await invoke(event, '', 'us-gov-west-1');
    expect(callers).toEqual([
      { region: 'us-gov-west-1', account: '999999999999', partition: 'aws-us-gov', requestId: 'r-1' },
    ]);
  });

  test.each(['anonymous', '12345678901', 123456789012])(
    'a request without a known account (%s) is answered with an internal error',
    async (accountId) => {
      const requestContext = { accountId, http: { method: 'POST' } };
      const answer = await invoke(functionUrlEvent({ requestContext }), 'lastmile', 'eu-west-1');
      expect(answer.statusCode).toBe(500);
      expect(answer.json.__type).toBe('InternalException');
      expect(answer.faults).toHaveLength(1);
      expect(answer.callers).toEqual([]);
    },
  );
});
