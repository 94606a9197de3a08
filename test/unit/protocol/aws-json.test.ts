import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { ServiceError } from '../../../lib/core/failure/service-error.ts';
import { maxBodyBytes } from '../../../lib/protocol/aws-json.ts';
import { createEventsRoute, routeRequest } from '../../../lib/protocol/control-api.ts';
import type { ControlRequest, Operations } from '../../../lib/protocol/control-request.ts';
import type { Fault } from '../../../lib/protocol/access.ts';

const context = { region: 'eu-west-1', account: '123456789012', partition: 'aws', requestId: 'r-1' };
const signature =
  'AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/events/aws4_request, SignedHeaders=host, Signature=0';

function request(
  changes: Partial<Omit<ControlRequest, 'body' | 'headers'>> & {
    target?: string;
    body?: string | Uint8Array;
    authorization?: string;
  },
): ControlRequest {
  const {
    target = 'AWSEvents.DescribeConnection',
    body = '{"Name":"orders"}',
    authorization = signature,
    ...rest
  } = changes;
  const headers = new Map(
    [
      ['authorization', authorization],
      ['x-amz-target', target],
    ].filter(([, value]) => value !== '') as [string, string][],
  );
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { method: 'POST', path: '/', query: '', ...rest, headers, body: bytes };
}

async function ask(
  asked: ControlRequest,
  operations: Operations = { DescribeConnection: (input) => Promise.resolve(input) },
) {
  const faults: Fault[] = [];
  const route = createEventsRoute({ operations, logFault: (fault) => faults.push(fault) });
  const logFault = (fault: Fault): number => faults.push(fault);
  const answer = await routeRequest([route], asked, context, { authentication: 'none', logFault });
  return { ...answer, json: JSON.parse(answer.body) as unknown, faults };
}

function failing(error: unknown): Operations {
  return { DescribeConnection: () => Promise.reject(error) };
}

describe('an answer', () => {
  test('an awsJson answer has content type JSON 1.1 and the request id', async () => {
    const answer = await ask(request({}));
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({ 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'r-1' });
    expect(answer.json).toEqual({ Name: 'orders' });
  });

  test('an awsJson answer contains times as numbers', async () => {
    const { body } = await ask(request({}), {
      DescribeConnection: () => Promise.resolve({ CreationTime: 1733738400.25 }),
    });
    expect(body).toBe('{"CreationTime":1733738400.25}');
  });

  test('an awsJson error answer has the code in the body and in a header, with the request id', async () => {
    const answer = await ask(request({}), failing(new ServiceError('ResourceNotFoundException', 'Gone.')));
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ __type: 'ResourceNotFoundException', message: 'Gone.' });
    expect(answer.headers['x-amzn-errortype']).toBe('ResourceNotFoundException');
    expect(answer.headers['x-amzn-requestid']).toBe('r-1');
    expect(answer.faults).toEqual([]);
  });
});

describe('an operation', () => {
  test('an operation receives the region, account and partition of the request', async () => {
    const { json } = await ask(request({}), { DescribeConnection: (_input, caller) => Promise.resolve({ ...caller }) });
    expect(json).toEqual(context);
  });

  test('an operation without required members may be called without a body', async () => {
    const { json } = await ask(request({ target: 'AWSEvents.ListConnections', body: '' }), {
      ListConnections: (input) => Promise.resolve({ received: input }),
    });
    expect(json).toEqual({ received: {} });
  });

  test.each([
    ['a target that has no operation', { target: 'AWSEvents' }],
    ['an operation that does not exist', { target: 'AWSEvents.LaunchRocket' }],
    ['the operation constructor', { target: 'AWSEvents.constructor' }],
    ['an operation of another service', { target: 'DynamoDB_20120810.ListTables' }],
    ['a target of three parts', { target: 'AWSEvents.DescribeConnection.x' }],
    ['no target', { target: '' }],
    ['an empty operation and no signature', { target: 'AWSEvents.', authorization: '' }],
    ['neither target nor signature', { target: '', authorization: '' }],
    ['the signature of another service', { authorization: signature.replace('/events/', '/sqs/') }],
    ['the method GET', { method: 'GET' }],
  ])('a request with %s is answered with UnknownOperationException', async (_name, changes) => {
    const answer = await ask(request(changes));
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ __type: 'UnknownOperationException', message: expect.stringMatching(/\.$/) });
    expect(answer.faults).toEqual([]);
  });

  test.each([
    [
      'AWSEvents.ListArchives',
      "There is no operation 'ListArchives' here. docs/guide/reference.md lists the operations.",
    ],
    [
      'AWSEvents.DescribeConections',
      "There is no operation 'DescribeConections' here. Did you mean DescribeConnection?",
    ],
    ['AWSEvents.__proto__', "There is no operation '__proto__' here. docs/guide/reference.md lists the operations."],
    ['Other.DescribeConnection', 'The X-Amz-Target header does not name an operation of this service.'],
    ['AWSEvents.<script>', 'The X-Amz-Target header does not name an operation of this service.'],
    [`AWSEvents.${'x'.repeat(65)}`, 'The X-Amz-Target header does not name an operation of this service.'],
  ])('a request with the target %s is refused with the text: %s', async (target, message) => {
    const { json } = await ask(request({ target }));
    expect(json).toEqual({ __type: 'UnknownOperationException', message });
  });

  test('an unsigned request is accepted when its target names an operation', async () => {
    expect((await ask(request({ authorization: '' }))).status).toBe(200);
    expect((await ask(request({ authorization: 'Bearer token' }))).status).toBe(200);
  });
});

describe('a body', () => {
  test.each([
    ['is cut short', '{"Name":"canary'],
    ['is text', 'canary'],
    ['continues after its object', '{}canary'],
    ['is not UTF-8', Buffer.from('{"Name":"orders","Extra":"\xff"}', 'latin1')],
  ])('a request body that %s is refused, and the error does not show it', async (_name, body) => {
    const answer = await ask(request({ body }));
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      __type: 'SerializationException',
      message: 'The request body is not JSON in UTF-8.',
    });
  });

  test.each(['[]', '"text"', '7', 'null', 'true'])(
    'the request body %s is refused because it is not an object',
    async (body) => {
      const answer = await ask(request({ body }));
      expect(answer.json).toMatchObject({
        __type: 'SerializationException',
        message: expect.stringMatching(/^The request body must be an object, not /),
      });
    },
  );

  test('a request body of more than the maximum number of bytes is refused', async () => {
    const padded = (bytes: number) => `{"Name":"orders"}${' '.repeat(bytes - 17)}`;
    expect((await ask(request({ body: padded(maxBodyBytes) }))).status).toBe(200);
    const refused = await ask(request({ body: padded(maxBodyBytes + 1) }));
    expect(refused.json).toMatchObject({
      __type: 'SerializationException',
      message: expect.stringContaining('4194304'),
    });
  });

  test('a request body that is nested four million levels deep gets an answer', async () => {
    const answer = await ask(request({ body: `{"Name":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}` }));
    expect(answer.json).toEqual({ __type: 'SerializationException', message: "'name' must be a string, not a list." });
  });
});

describe('an unexpected error', () => {
  test('an unexpected error is answered without details, and logged once with its stack and causes', async () => {
    const cause = new RangeError('inner canary');
    const answer = await ask(request({}), failing(new TypeError('outer canary', { cause })));
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({ __type: 'InternalException', message: 'The service failed to process the request.' });
    expect(answer.faults).toHaveLength(1);
    expect(answer.faults[0]).toMatchObject({
      operation: 'DescribeConnection',
      requestId: 'r-1',
      errors: [
        { name: 'TypeError', message: 'outer canary', stack: expect.stringContaining('aws-json.test.ts') },
        { name: 'RangeError', message: 'inner canary' },
      ],
    });
  });

  test('the control API asks the client to try again when a store cannot be reached', async () => {
    const answer = await ask(request({}), failing(new Failure('StoreUnavailable', 'Could not read: TimeoutError.')));
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      __type: 'InternalException',
      message: 'The service could not reach its own storage. Try again.',
    });
    expect(answer.faults).toHaveLength(1);
  });

  test('the control API names the IAM role in its answer when a store denies access', async () => {
    const answer = await ask(request({}), failing(new Failure('StoreRefused', 'Not allowed.')));
    expect(answer.json).toMatchObject({
      __type: 'InternalException',
      message: expect.stringContaining('its IAM role'),
    });
  });

  test('the control API names the data that only a newer version can read', async () => {
    const answer = await ask(
      request({}),
      failing(new Failure('NewerVersion', "The connection 'orders' has version 2.")),
    );
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      __type: 'InternalException',
      message:
        "A newer version of this service wrote data that this version cannot read. The connection 'orders' has version 2.",
    });
  });

  test("an unexpected error is logged without a parser's message, which quotes its input", async () => {
    let thrown: unknown;
    try {
      JSON.parse('canary-secret');
    } catch (error) {
      thrown = error;
    }
    const answer = await ask(request({}), failing(thrown));
    expect(JSON.stringify(answer.faults)).toContain('SyntaxError');
    expect(JSON.stringify(answer)).not.toContain('canary');
  });

  test('an unexpected error whose causes form a cycle is logged', async () => {
    const error = Object.assign(new Error('outer'), { $response: { body: 'canary' } });
    error.cause = error;
    const { faults } = await ask(request({}), failing(error));
    expect(faults[0]?.errors).toHaveLength(5);
    expect(JSON.stringify(faults)).not.toContain('canary');
  });

  test('a thrown value that is not an Error is logged too', async () => {
    const answer = await ask(request({}), failing('canary'));
    expect(answer.status).toBe(500);
    expect(answer.faults[0]?.errors[0]?.name).toBe('string');
    expect(JSON.stringify(answer)).not.toContain('canary');
  });

  test('an InternalException that an operation throws keeps its text and is logged', async () => {
    const answer = await ask(request({}), failing(new ServiceError('InternalException', 'Half done.')));
    expect(answer.json).toEqual({ __type: 'InternalException', message: 'Half done.' });
    expect(answer.faults).toHaveLength(1);
  });
});
