import { beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { InjectedFault } from '../../../fakes/faults.ts';
import type { World } from '../world.ts';
import { apiKeyInput, basicInput, createWorld, oauthInput } from '../world.ts';

const orders = { ConnectionName: 'orders' };
const named = { Name: 'orders' };
const basicText = '{"username":"team","password":"canary-team"}';
const oauthText = JSON.stringify({
  client_id: 'team',
  client_secret: 'canary-team',
  authorization_endpoint: 'https://login.example.com/token',
  http_method: 'POST',
});

/** A connection, and a secret that does not belong to the stack. */
async function worldWith(input: JsonObject, text: string) {
  const world = createWorld();
  await world.call('CreateConnection', input);
  const { secretArn, version } = await world.secrets.create('team/orders', text);
  await world.clock.advance(10_000);
  world.faults.heal();
  return {
    ...world,
    secretArn,
    version,
    put: () => world.call('PutConnectionPolicy', { ...orders, SecretArn: secretArn }),
  };
}

const stored = async (world: World) => world.connections.read('orders');
const state = async (world: World) => (await world.call('DescribeConnection', named))['ConnectionState'];

describe('a secret that a connection policy names', () => {
  test("a connection policy that names a secret replaces the connection's own secret, which is removed", async () => {
    const world = await worldWith(basicInput, basicText);
    expect(await world.put()).toMatchObject({ ...orders, SecretArn: world.secretArn });
    expect(world.secrets.names()).toEqual(['team/orders']);
    expect(await stored(world)).toMatchObject({ secretArn: world.secretArn, secretVersion: world.version });
    const shown = await world.call('DescribeConnection', named);
    expect(shown).toMatchObject({ ConnectionState: 'AUTHORIZED', SecretArn: world.secretArn });
    expect(shown).not.toHaveProperty('AuthParameters');
    expect(world.told).toEqual([{ event: 'secret-changed', connection: 'orders', secretArn: world.secretArn }]);
  });

  test('naming a secret for an OAuth connection requests a first token at once', async () => {
    const world = await worldWith(oauthInput, oauthText);
    const started = world.started.length;
    await world.put();
    expect(await state(world)).toBe('AUTHORIZING');
    expect(world.started).toHaveLength(started + 1);
  });

  test('a change of AllowedHosts does not read the named secret again', async () => {
    const world = await worldWith(basicInput, basicText);
    await world.put();
    world.faults.fail('secrets.read', 'before', 'always');
    const AllowedHosts = ['api.example.com'];
    await world.call('PutConnectionPolicy', { ...orders, SecretArn: world.secretArn, AllowedHosts });
    expect(await stored(world)).toMatchObject({ state: 'AUTHORIZED', policy: { allowedHosts: AllowedHosts } });
  });

  test('putting the same policy again authorizes a connection whose named secret was refused', async () => {
    const world = await worldWith(basicInput, basicText);
    await world.put();
    const { incarnation = '', secretVersion = '' } = (await stored(world)) ?? {};
    const refused = { state: 'DEAUTHORIZED', stateReason: 'refused', nowMs: world.clock.nowMs() } as const;
    await world.connections.change({ name: 'orders', incarnation, secretVersion, ...refused });
    await world.put();
    expect(await state(world)).toBe('AUTHORIZED');
    expect(await stored(world)).not.toHaveProperty('stateReason');
  });

  test('naming a secret authorizes a deauthorized connection again', async () => {
    const world = await worldWith(basicInput, basicText);
    await world.call('DeauthorizeConnection', named);
    await world.put();
    expect(await state(world)).toBe('AUTHORIZED');
  });

  test.each([
    ['UpdateConnection', { ...apiKeyInput }, 'AuthParameters'],
    ['UpdateConnection', { ...named, AuthorizationType: 'API_KEY' }, 'AuthorizationType'],
  ])('a named secret is not replaced by %s with %j', async (operation, input, parameter) => {
    const world = await worldWith(basicInput, basicText);
    await world.put();
    await expect(world.call(operation, input)).rejects.toMatchObject({
      code: 'ValidationException',
      message:
        `Failed to update the connection(s). Parameter ${parameter} is not valid. Reason: The connection's policy names the ` +
        'secret that holds its credentials. Change that secret, or remove it from the policy.',
    });
    await world.call('UpdateConnection', { ...named, Description: 'described' });
    expect(await stored(world)).toMatchObject({ description: 'described', secretArn: world.secretArn });
  });

  test.each([
    ['DeleteConnection', named],
    ['DeauthorizeConnection', named],
    ['DeleteConnectionPolicy', orders],
    ['PutConnectionPolicy', orders],
  ])('%s does not change or remove a named secret', async (operation, input) => {
    const world = await worldWith(basicInput, basicText);
    await world.put();
    await world.call(operation, input);
    expect(world.secrets.names()).toEqual(['team/orders']);
    expect((await world.secrets.read(world.secretArn, 'AWSCURRENT'))?.text).toBe(basicText);
  });

  test.each([
    ['DeleteConnectionPolicy', orders],
    ['PutConnectionPolicy', { ...orders, AllowedHosts: ['api.example.com'] }],
  ])(
    'when %s removes a named secret from the policy, the connection has no credentials until an update sends some',
    async (operation, input) => {
      const world = await worldWith(basicInput, basicText);
      await world.put();
      await world.call(operation, input);
      expect(await world.call('DescribeConnection', named)).toMatchObject({
        ConnectionState: 'DEAUTHORIZED',
        StateReason: expect.stringContaining('removed from the connection policy'),
      });
      expect(await stored(world)).not.toHaveProperty('secretArn');
      expect(world.told.at(-1)).toEqual({ event: 'secret-changed', connection: 'orders' });
      await world.call('UpdateConnection', basicInput);
      expect(await state(world)).toBe('AUTHORIZED');
      expect(await world.secretInForce('orders')).toMatchObject({ username: 'someone' });
    },
  );
});

describe('a secret that cannot be named', () => {
  const type = 'OAUTH_CLIENT_CREDENTIALS';
  test.each([
    ['canary-no-json', basicInput, 'The secret is not JSON.'],
    ['["canary"]', basicInput, 'The secret is not a JSON object.'],
    ['{"password":"canary"}', basicInput, 'The secret has no username, api_key_name or client_id.'],
    ['{"username":"canary"}', basicInput, expect.stringContaining('password')],
    [basicText, apiKeyInput, "The secret holds BASIC credentials, but the connection's authorization type is API_KEY."],
    [oauthText, basicInput, `The secret holds ${type} credentials, but the connection's authorization type is BASIC.`],
    [
      '{"api_key_name":"a b","api_key_value":"canary"}',
      apiKeyInput,
      'In the secret, api_key_name is not a valid HTTP header name.',
    ],
    [
      '{"api_key_name":"Host","api_key_value":"canary"}',
      apiKeyInput,
      'In the secret, api_key_name is a header that is never sent to an endpoint.',
    ],
    [
      '{"api_key_name":"X-Key","api_key_value":"canary\\r\\n"}',
      apiKeyInput,
      'In the secret, api_key_value contains characters that an HTTP header value cannot contain.',
    ],
    [
      oauthText.replace('https:', 'http:'),
      oauthInput,
      'In the secret, authorization_endpoint is not an HTTPS URL with a host that may be called.',
    ],
    [
      oauthText.replace('login.example.com', '10.0.0.1'),
      oauthInput,
      'In the secret, authorization_endpoint is not an HTTPS URL with a host that may be called.',
    ],
    [
      basicText.replace('}', ',"invocation_http_parameters":{"header_parameters":[{"key":"a b","value":"canary"}]}}'),
      basicInput,
      'In the secret, invocation_http_parameters has a key that is not a valid HTTP header name.',
    ],
  ])('the policy of a connection cannot name the unsuitable secret %s', async (text, input, reason) => {
    const world = await worldWith(input, text);
    const before = await stored(world);
    const failure = await world.put().catch((error: unknown) => error);
    const opening = 'Failed to update the connection(s). Parameter SecretArn is not valid. Reason: ';
    const { message } = failure as Error;
    expect(failure).toMatchObject({ code: 'ValidationException' });
    expect(message.slice(0, opening.length)).toBe(opening);
    expect(message.slice(opening.length)).toEqual(reason);
    expect(String(failure)).not.toContain('canary');
    expect(await stored(world)).toEqual(before);
    expect(world.told).toEqual([]);
  });

  test('a policy cannot name a secret that does not exist', async () => {
    const world = await worldWith(basicInput, basicText);
    await world.secrets.remove('team/orders');
    await expect(world.put()).rejects.toThrow(
      'The secret does not exist, or it has no version with the label AWSCURRENT.',
    );
  });

  test('a policy cannot name a secret that the functions may not read, and the error says how to allow it', async () => {
    const world = createWorld({ onRead: () => Promise.reject(new Failure('StoreRefused', 'Not allowed.')) });
    await world.call('CreateConnection', basicInput);
    const { secretArn } = await world.secrets.create('team/orders', basicText);
    await expect(world.call('PutConnectionPolicy', { ...orders, SecretArn: secretArn })).rejects.toThrow(
      "Add it to the stage parameter 'secretArns'. If it has a KMS key of its own, add that to 'keyArns'.",
    );
  });
});

describe('naming a secret', () => {
  const cases = [
    ['BASIC', basicInput, basicText],
    ['OAuth', oauthInput, oauthText],
  ] as const;

  test.each(cases)(
    'a process that dies while it names a secret for %s leaves either the old or the new credentials in use',
    async (_, input, text) => {
      const whole = await worldWith(input, text);
      await whole.put();
      const calls = whole.faults.calls.length;
      expect(calls).toBeGreaterThan(3);
      for (let call = 1; call <= calls; call += 1) {
        for (const time of ['before', 'after'] as const) {
          const world = await worldWith(input, text);
          const before = await stored(world);
          world.faults.dieAt(call, time);
          await expect(world.put()).rejects.toThrow(InjectedFault);
          const after = await stored(world);
          if (after?.revision === before?.revision) expect(after).toEqual(before);
          else expect(after).toMatchObject({ secretArn: world.secretArn, secretVersion: world.version });
          expect(await world.secretInForce('orders')).toBeDefined();
          world.faults.heal();
          await world.put();
          expect(world.secrets.names()).toEqual(['team/orders']);
        }
      }
    },
  );

  test.each(cases)(
    'an update can send credentials after a process has died while it named a secret for %s',
    async (_, input, text) => {
      const whole = await worldWith(input, text);
      await whole.put();
      for (let call = 1; call <= whole.faults.calls.length; call += 1) {
        const world = await worldWith(input, text);
        world.faults.dieAt(call, 'after');
        await expect(world.put()).rejects.toThrow(InjectedFault);
        world.faults.heal();
        await world.call('DeleteConnectionPolicy', orders);
        await world.call('UpdateConnection', input);
        const own = (await stored(world))?.secretName;
        expect(world.secrets.names().toSorted()).toEqual([own, 'team/orders'].toSorted());
        await world.call('DeleteConnection', named);
        expect(world.secrets.names()).toEqual(['team/orders']);
      }
    },
  );
});

describe('an update of the credentials while a secret is named', () => {
  let world: Awaited<ReturnType<typeof worldWith>>;

  beforeEach(async () => {
    world = await worldWith(basicInput, basicText);
  });

  test.each(['secrets.addVersion', 'connections.update', 'secrets.makeCurrent'])(
    'naming a secret while an update waits at %s leaves the connection with usable credentials',
    async (call) => {
      const held = world.faults.hold(call);
      const updated = world.call('UpdateConnection', { ...named, AuthParameters: basicInput.AuthParameters });
      const settled = updated.then(
        () => 'updated',
        () => 'refused',
      );
      await held.reached;
      const put = await world.put().then(
        () => 'put',
        () => 'refused',
      );
      held.release();
      const outcomes = [await settled, put];
      expect(outcomes).not.toEqual(['refused', 'refused']);
      const { secretArn } = (await stored(world)) ?? {};
      if (put === 'put') expect(secretArn).toBe(world.secretArn);
      expect(await world.secretInForce('orders')).toBeDefined();
      expect((await world.secrets.read(world.secretArn, 'AWSCURRENT'))?.version).toBe(world.version);
    },
  );

  test('an update does not undo a rotation of the named secret that happens at the same time', async () => {
    const { faults, secrets, secretArn } = world;
    const moving = faults.hold('secrets.makeCurrent');
    const updated = world.call('UpdateConnection', { ...named, AuthParameters: basicInput.AuthParameters });
    await moving.reached;
    const reading = faults.hold('connections.read');
    moving.release();
    await reading.reached;
    await world.put();
    const { version } = await secrets.addVersion(secretArn, basicText);
    await secrets.makeCurrent(secretArn, version);
    reading.release();
    await updated.catch(() => undefined);
    expect((await secrets.read(secretArn, 'AWSCURRENT'))?.version).toBe(version);
  });
});
