import { describe, expect, test } from 'vitest';
import { createPreSignedPut } from '../../../lib/adapters/http/pre-signed-put.ts';
import { parseAllowlist, publicOnly } from '../../../lib/core/address/address.ts';
import { formatAnswer } from '../../../lib/resources/answer.ts';
import { parseResourceRequest } from '../../../lib/resources/request.ts';
import { parseResponseUrl } from '../../../lib/resources/response-url.ts';
import { ownEndpoint } from '../../fixtures/stack.ts';
import { createResourceWorld, stackId } from './resource-world.ts';

const bucket = 'cloudformation-custom-resource-response-useast1';

describe('the address of an answer', () => {
  test.each([
    `https://${bucket}.s3.amazonaws.com/arn?X-Amz-Signature=1`,
    `https://${bucket}.s3.us-east-1.amazonaws.com/arn`,
    'https://s3-us-gov-west-1.amazonaws.com/bucket/arn',
    'https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/arn',
    `https://${bucket}.s3.dualstack.us-east-1.amazonaws.com/arn`,
    `https://${bucket}.s3-fips.us-east-1.amazonaws.com/arn`,
  ])('an answer may go to %s', (url) => {
    expect(parseResponseUrl(url, publicOnly)?.href).toBe(url);
  });

  test.each([
    'https://example.com/arn',
    `http://${bucket}.s3.amazonaws.com/arn`,
    `https://${bucket}.s3.amazonaws.com:8443/arn`,
    `https://jo:secret@${bucket}.s3.amazonaws.com/arn`,
    'https://s3.amazonaws.com.example.com/arn',
    'https://example.com/s3.amazonaws.com',
    'https://xs3.amazonaws.com/arn',
    'https://abc.execute-api.us-east-1.amazonaws.com/arn',
    'https://lb-1.us-east-1.elb.amazonaws.com/arn',
    'http://169.254.169.254/latest/meta-data',
    'http://127.0.0.1:8080/',
    'file:///etc/passwd',
    'nonsense',
  ])('no answer goes to %s', (url) => {
    expect(parseResponseUrl(url, publicOnly)).toBeUndefined();
  });

  test('only an allowlist that opens loopback lets an answer go to this machine, and to no other private address', () => {
    const allowlist = parseAllowlist('127.0.0.0/8,10.0.0.0/8,169.254.0.0/16') ?? publicOnly;
    expect(parseResponseUrl('http://127.0.0.1:8080/', allowlist)).toBeDefined();
    expect(parseResponseUrl('http://localhost:8080/', allowlist)).toBeDefined();
    expect(parseResponseUrl('http://10.0.0.1/', allowlist)).toBeUndefined();
    expect(parseResponseUrl('http://169.254.169.254/', allowlist)).toBeUndefined();
  });
});

describe('a request', () => {
  test.each([
    ['nothing', undefined, /is not an object/],
    ['an event of EventBridge', { source: 'shop' }, /RequestType that is not Create, Update or Delete/],
  ])('%s is no request of CloudFormation, and nothing is done', async (_what, event, message) => {
    const world = await createResourceWorld();
    await expect(world.invoke(event)).rejects.toThrow(message);
    expect([world.received, world.lines]).toEqual([[], []]);
  });

  test('a request with an address that is not of S3 is not carried out, and the error does not show the address', async () => {
    const world = await createResourceWorld();
    const event = world.eventOf('Create', 'ApiKey', { properties: { apiId: 'control' } });
    const invocation = world.invoke({ ...event, ResponseURL: 'https://attacker.example.com/canary' });
    await expect(invocation).rejects.toThrow('a ResponseURL that is not an address of Amazon S3. Nothing was done.');
    await invocation.catch((error: unknown) => expect(String(error)).not.toContain('attacker'));
    expect(world.apiKeys.all()).toEqual([]);
  });

  test.each(['StackId', 'RequestId', 'ResourceType', 'LogicalResourceId'])('a request needs its %s', async (name) => {
    const world = await createResourceWorld();
    const event = { ...world.eventOf('Create', 'ApiKey', { properties: {} }), [name]: '' };
    await expect(world.invoke(event)).rejects.toThrow(`has no text ${name}`);
  });

  test('an unknown type of resource fails, and the reason names the one that was probably meant', async () => {
    const world = await createResourceWorld();
    const answer = await world.ask('Create', 'Conection', { properties: {} });
    expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('Custom::LastmileConnection') });
    const physicalId = answer.PhysicalResourceId;
    expect(await world.ask('Delete', 'Conection', { properties: {}, physicalId })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('an error that nobody has foreseen is answered FAILED without its text, which goes to the log', async () => {
    const world = await createResourceWorld();
    world.faults.fail('connections.read', 'before', 'always');
    const answer = await world.ask('Create', 'Connection', { properties: { Name: 'shop' } });
    expect(answer).toMatchObject({
      Status: 'FAILED',
      Reason: 'InternalException: The service failed to process the request.',
    });
    expect(world.told()).toContain('InjectedFault');
  });
});

describe('an answer', () => {
  const event = {
    RequestType: 'Delete',
    ResponseURL: `https://${bucket}.s3.amazonaws.com/arn`,
    StackId: stackId,
    RequestId: 'one',
    ResourceType: 'Custom::LastmileConnection',
    LogicalResourceId: 'L'.repeat(255),
    PhysicalResourceId: 'P'.repeat(1000),
    ResourceProperties: {},
  };

  test.each(['x', 'é', '"', '\u{1F600}'])(
    'a reason of 5,000 times %s is shortened, and the answer has at most 4 KB',
    (character) => {
      const request = parseResourceRequest(event, publicOnly);
      const reason = character.repeat(5000);
      const text = formatAnswer(request, { status: 'FAILED', physicalResourceId: event.PhysicalResourceId, reason });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
      const { Reason } = JSON.parse(text) as { Reason: string };
      expect(Reason.length).toBeGreaterThan(300);
      expect(reason).toContain(Reason.slice(0, -3));
    },
  );
});

describe('sending an answer', () => {
  /** Waits between attempts pass at once, and the time limit of an attempt never does. */
  const clock = {
    nowMs: () => 0,
    delay: (delayMs: number, signal?: AbortSignal) =>
      delayMs === 3000
        ? new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('over'))))
        : Promise.resolve(),
  };
  const { signal } = new AbortController();

  test('an answer that S3 cannot take now is sent again', async () => {
    const endpoint = await ownEndpoint((_, index) => ({ status: index < 2 ? 503 : 200 }));
    await createPreSignedPut(clock).send(new URL(`${endpoint.origin}/arn?Signature=1`), '{"Status":"SUCCESS"}', signal);
    expect(endpoint.requests).toHaveLength(3);
    expect(endpoint.requests.at(-1)).toMatchObject({
      method: 'PUT',
      path: '/arn?Signature=1',
      body: '{"Status":"SUCCESS"}',
      headers: { 'content-type': '', 'content-length': '20' },
    });
  });

  test.each([
    ['an address that is no longer valid', 403, 1],
    ['a redirect', 307, 1],
    ['an S3 that stays unavailable', 503, 6],
  ])('%s makes the invocation fail with the status, and without the address', async (_what, status, attempts) => {
    const endpoint = await ownEndpoint(() => ({ status, headers: { location: 'http://127.0.0.1:9/' } }));
    const sending = createPreSignedPut(clock).send(new URL(`${endpoint.origin}/?Signature=canary`), '{}', signal);
    await expect(sending).rejects.toThrow(`The answer could not be sent to its pre-signed URL: HTTP status ${status}.`);
    expect(endpoint.requests).toHaveLength(attempts);
  });

  test('an answer that was not sent makes the invocation fail, and the request that comes again gets the same answer', async () => {
    const world = await createResourceWorld();
    const properties = {
      Name: 'shop',
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'jo', Password: 'canary' } },
    };
    const event = world.eventOf('Create', 'Connection', { properties, requestId: 'the-same' });
    const sender = { send: () => Promise.reject(new Error('The answer could not be sent.')) };
    await expect(world.invoke(event, { sender })).rejects.toThrow('could not be sent');
    expect(await world.invoke(event)).toEqual({ status: 'SUCCESS', physicalResourceId: 'shop' });
    expect(world.connections.all()).toHaveLength(1);
  });
});
