import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { parseSigningSecret } from '../../../lib/core/request/signing.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { type RecordedRequest, startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { atOnce, createOutcomeStory } from './outcome-story.ts';
import { comeBack, newMessage, type RateStory, sharedRate } from '../rate/rate-story.ts';

/* The signatures are verified by `standardwebhooks`, the package of the authors of the specification. */

let story: RateStory;
let clients: Clients;
let numbers = 0;

sharedRate.override('answer', () => ({ path }) => ({ status: Number(/^\/status-([0-9]+)/.exec(path)?.[1] ?? 200) }));

sharedRate.beforeAll(({ story: told, clients: opened }) => {
  [story, clients] = [told, opened];
});

const newKey = () => `whsec_${randomBytes(32).toString('base64')}`;
const uncached = { CACHE_SECONDS: '0', RETRY_BASE_DELAY_MS: '900000' };

/** A destination whose requests are signed with the key in the secret, and a worker. */
async function setUp(SecretString: string, path: string, members: object = {}, variables: object = uncached) {
  numbers += 1;
  const own = `${path}-${numbers}`;
  const { ARN: SecretArn } = await clients.secrets.send(new CreateSecretCommand({ Name: `team/${own}`, SecretString }));
  const destination = await story.createDestination(own, 300, members);
  await destination.policy('Put', { Signing: { SecretArn } });
  const worker = await story.startWorker({ ...variables });
  const received = () => story.endpoint.requests.filter((request) => request.path.startsWith(`/${own}`));
  return {
    name: destination.name,
    worker,
    rotate: (text: string) =>
      clients.secrets.send(new PutSecretValueCommand({ SecretId: SecretArn, SecretString: text })),
    received,
    last: (): RecordedRequest => received().at(-1) ?? expect.fail('The endpoint got no request.'),
  };
}

function isSignedBy(key: string, { headers, body }: RecordedRequest): boolean {
  try {
    new Webhook(key).verify(body, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

describe('a signed request', () => {
  test('a signed request can be verified with its key and not with another key', async () => {
    const key = newKey();
    const { name, worker, last } = await setUp(key, 'plain');
    expect(await worker.deliver(name)).toMatchObject({ outcome: 'delivered' });
    expect([isSignedBy(key, last()), isSignedBy(newKey(), last())]).toEqual([true, false]);
    expect(last().headers['webhook-id']).toBe(last().headers['idempotency-key']);
  });

  test('the signature of a queued event covers exactly the bytes from the queue', async () => {
    const key = newKey();
    const { name, worker, last } = await setUp(key, 'queued');
    const event = '{"id":"e-1", "größe": 1.0,\t"n":12345678901234567890,"emoji":"😀","lone":"\\ud800","nul":"\\u0000"}';
    await worker.deliverQueued({ body: `{"apiDestination":"${name}","event":${event}}` });
    expect(last().body).toBe(event);
    expect(isSignedBy(key, last())).toBe(true);
  });

  test.each([
    ['a text with half a surrogate pair', '\ud800 \ufffe'],
    ['an empty text', ''],
  ])('the signature of %s covers the bytes that are sent', async (_, Input) => {
    const key = newKey();
    const { name, worker, last } = await setUp(key, 'input');
    await worker.deliver(name, { InputTransformer: { InputTemplate: JSON.stringify(Input) } });
    expect(isSignedBy(key, last())).toBe(true);
  });

  test.each(['GET', 'HEAD'])('the signature of a %s request covers an empty body', async (HttpMethod) => {
    const key = newKey();
    const { name, worker, last } = await setUp(key, 'bodiless', { HttpMethod });
    await worker.deliver(name);
    expect([last().method, last().body, isSignedBy(key, last())]).toEqual([HttpMethod, '', true]);
  });

  test('a request that is signed with a private key is verified by its public key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
    const pair = Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]);
    const { name, worker, last } = await setUp(`whsk_${pair.toString('base64')}`, 'private');
    await worker.deliver(name);
    const { headers, body } = last();
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const [scheme, signature = ''] = headers['webhook-signature']?.split(',') ?? [];
    expect(scheme).toBe('v1a');
    const key = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' }));
    expect(verify(null, Buffer.from(content), key, Buffer.from(signature, 'base64'))).toBe(true);
  });

  test('a retried request keeps its id and gets a new signature', async () => {
    const key = newKey();
    const { name, worker, received, rotate } = await setUp(key, 'status-500');
    await worker.deliverQueued(newMessage(name));
    const [deferred = expect.fail('The first attempt was not deferred.')] = worker.deferred();
    const next = newKey();
    await rotate(next);
    await worker.deliverQueued(comeBack(deferred));
    const [first, second] = received();
    if (first === undefined || second === undefined) expect.fail('There were not two attempts.');
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect([isSignedBy(key, first), isSignedBy(next, second)]).toEqual([true, true]);
  });
});

test('the timestamp of a signature is the time of its attempt', async () => {
  const timestamp = (headers: RecordedRequest['headers']) => Number(headers['webhook-timestamp']);
  const endpoint = await startRecordingEndpoint((_, index) => {
    clock.set(clock.nowMs() + 7300);
    return { status: index === 0 ? 500 : 200 };
  });
  const key = newKey();
  const options = { origin: endpoint.origin, random: atOnce, signingKeys: parseSigningSecret(key) };
  const { clock, deliverUntilSettled, close } = createOutcomeStory(options);
  const startMs = Date.now();
  clock.set(startMs);
  expect(await deliverUntilSettled('orders')).toMatchObject([
    { settlement: { kind: 'deferred' }, attempts: 1 },
    { settlement: { kind: 'delivered' }, attempts: 2 },
  ]);
  await Promise.all([close(), endpoint.close()]);
  const { requests } = endpoint;
  expect(requests.map(({ headers }) => timestamp(headers))).toEqual(
    [startMs, startMs + 7300].map((ms) => Math.floor(ms / 1000)),
  );
  expect(requests.map((request) => isSignedBy(key, request))).toEqual([true, true]);
});

describe('a rotation of keys', () => {
  test('a request is signed with both keys while the secret holds both', async () => {
    const [old, next] = [newKey(), newKey()];
    const { name, worker, last, rotate } = await setUp(JSON.stringify({ keys: [old] }), 'rotated');
    const signers = async () => {
      await worker.deliver(name);
      return [old, next].map((key) => isSignedBy(key, last()));
    };
    expect(await signers()).toEqual([true, false]);
    await rotate(JSON.stringify({ keys: [next, old] }));
    expect(await signers()).toEqual([true, true]);
    await rotate(next);
    expect(await signers()).toEqual([false, true]);
  });

  test.each([401, 403])(
    'a worker reads new signing keys before its cache expires when the endpoint answers %d',
    async (status) => {
      const [old, next] = [newKey(), newKey()];
      const cached = { ...uncached, CACHE_SECONDS: '900' };
      const { name, worker, received, rotate } = await setUp(old, `status-${status}`, {}, cached);
      await worker.deliver(name);
      await rotate(next);
      await worker.deliver(name);
      expect(received().map((request) => isSignedBy(next, request))).toEqual([false, false, true]);
    },
  );
});

describe('a header of the signature', () => {
  const parameter = (Key: string) => ({ Key, Value: 'forged', IsValueSecret: false });
  const forged = ['Webhook-Id', 'webhook-timestamp', 'WEBHOOK-SIGNATURE'];
  const connection = async (AuthParameters: object, AuthorizationType: 'BASIC' | 'API_KEY') => {
    numbers += 1;
    const { ConnectionArn } = await clients.events.send(
      new CreateConnectionCommand({ Name: `forging-${numbers}`, AuthorizationType, AuthParameters }),
    );
    return { ConnectionArn };
  };

  test('neither a target nor a connection can replace a signature header', async () => {
    const key = newKey();
    const parameters = {
      BasicAuthParameters: { Username: 'someone', Password: 'secret' },
      InvocationHttpParameters: { HeaderParameters: forged.map(parameter) },
    };
    const { name, worker, last } = await setUp(key, 'forged', await connection(parameters, 'BASIC'));
    await worker.deliver(name, {
      HttpParameters: { HeaderParameters: Object.fromEntries(forged.map((each) => [each, 'forged'])) },
    });
    expect([isSignedBy(key, last()), last().rawHeaders.includes('forged')]).toEqual([true, false]);
  });

  test('an event is dead-lettered with the reason when the API key of its connection is in a signature header', async () => {
    const parameters = { ApiKeyAuthParameters: { ApiKeyName: 'Webhook-Id', ApiKeyValue: 'api-key-canary' } };
    const { name, worker, received } = await setUp(newKey(), 'api-key', await connection(parameters, 'API_KEY'));
    const reason = 'The header Webhook-Id holds the signature of a signed request, so it cannot carry the API key.';
    expect(await worker.deliver(name)).toMatchObject({ outcome: 'dead-lettered', code: 'InvalidInvocation', reason });
    expect(received()).toEqual([]);
  });
});

describe('a secret', () => {
  test('an event is retried and not sent unsigned when its signing secret has no key', async () => {
    const { name, worker, received, rotate } = await setUp('{"keys": ["whsec_canary"]}', 'mended');
    const held = await worker.deliver(name);
    expect(held).toMatchObject({ outcome: 'deferred', code: 'InvalidPolicySecret' });
    expect(held).toMatchObject({ reason: expect.stringContaining(`The signing secret of API destination '${name}'`) });
    expect([JSON.stringify(held).includes('canary'), received()]).toEqual([false, []]);
    const key = newKey();
    await rotate(key);
    expect(await worker.deliver(name)).toMatchObject({ outcome: 'delivered' });
  });
});
