import { beforeEach, describe, expect, test } from 'vitest';
import type { World } from '../world.ts';
import { basicInput, createWorld } from '../world.ts';

const orders = { ConnectionName: 'orders' };
let world: World;
let arn: string;

beforeEach(async () => {
  world = createWorld();
  arn = await connection('orders');
});

async function connection(Name: string): Promise<string> {
  return String((await world.call('CreateConnection', { ...basicInput, Name }))['ConnectionArn']);
}

function create(InvocationEndpoint: string, ConnectionArn = arn) {
  return world.call('CreateApiDestination', { Name: 'sink', ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' });
}

const update = (members: object) => world.call('UpdateApiDestination', { Name: 'sink', ...members });
const allow = (...AllowedHosts: string[]) => world.call('PutConnectionPolicy', { ...orders, AllowedHosts });
const refusal = (verb: string, parameter = 'InvocationEndpoint') => ({
  code: 'ValidationException',
  message:
    `Failed to ${verb} the api-destination(s). Parameter ${parameter} is not valid. Reason: The policy of connection ` +
    `'orders' allows its credentials to go to api.example.com, *.example.org, not to 'evil.example'.`,
});

describe('a connection with allowed hosts', () => {
  beforeEach(() => allow('api.example.com', '*.example.org'));

  test('a connection with allowed hosts accepts API destinations on these hosts only', async () => {
    await expect(create('https://evil.example/')).rejects.toMatchObject(refusal('create'));
    expect(await world.apiDestinations.read('sink')).toBeUndefined();
    await create('https://api.example.com/');
    await update({ InvocationEndpoint: 'https://EU.example.org:8443/' });
    await expect(update({ InvocationEndpoint: 'https://evil.example/' })).rejects.toMatchObject(refusal('update'));
    const { invocationEndpoint } = (await world.apiDestinations.read('sink')) ?? {};
    expect(invocationEndpoint).toBe('https://EU.example.org:8443/');
  });

  test('an API destination on another host cannot move to a connection with allowed hosts', async () => {
    await create('https://evil.example/', await connection('other'));
    await expect(update({ ConnectionArn: arn })).rejects.toMatchObject(refusal('update'));
    await update({ ConnectionArn: arn, InvocationEndpoint: 'https://api.example.com/' });
  });

  test('a connection with allowed hosts refuses an API destination whose server name is another host', async () => {
    await create('https://api.example.com/');
    const put = (ServerName: string) => world.call('PutDeliveryPolicy', { ApiDestinationName: 'sink', ServerName });
    await expect(put('evil.example')).rejects.toMatchObject(refusal('update', 'ServerName'));
    await put('eu.example.org');
  });

  test('a connection with allowed hosts refuses a proxy on another host that could read the requests', async () => {
    await create('https://api.example.com/');
    const put = (members: object) => world.call('PutDeliveryPolicy', { ApiDestinationName: 'sink', ...members });
    const CaCertificateSecretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf';
    const ProxyUrl = 'http://evil.example:3128';
    await put({ ProxyUrl });
    await put({ CaCertificateSecretArn });
    await expect(put({ ProxyUrl, CaCertificateSecretArn })).rejects.toMatchObject(refusal('update', 'ProxyUrl'));
    await put({ CaCertificateSecretArn, ProxyUrl: 'http://proxy.example.org:3128' });
  });

  test('each refused API destination is logged, and a move between allowed hosts is not logged', async () => {
    await expect(create('https://evil.example/')).rejects.toThrow();
    await create('https://api.example.com/');
    await update({ InvocationEndpoint: 'https://eu.example.org/' });
    expect(world.told).toEqual([{ event: 'destination-refused', apiDestination: 'sink', connection: 'orders' }]);
  });
});

describe('allowed hosts without the host of an API destination', () => {
  beforeEach(() => create('https://evil.example/'));

  test('an API destination on a host that is no longer allowed can still be changed, but can only move to an allowed host', async () => {
    await allow('api.example.com', '*.example.org');
    await update({ InvocationRateLimitPerSecond: 1 });
    await expect(update({ InvocationEndpoint: 'https://evil.example/2' })).rejects.toMatchObject(refusal('update'));
    await update({ InvocationEndpoint: 'https://api.example.com/' });
  });
});

describe('without allowed hosts', () => {
  beforeEach(() => create('https://api.example.com/'));

  test('an API destination may move to another host without allowed hosts, and the move is logged', async () => {
    await update({ InvocationEndpoint: 'https://api.example.com:8443/elsewhere', Description: 'moved' });
    expect(world.told).toEqual([]);
    await update({ InvocationEndpoint: 'https://evil.example/' });
    expect(world.told).toEqual([
      {
        event: 'destination-moved',
        apiDestination: 'sink',
        connection: 'orders',
        fromHost: 'api.example.com',
        toHost: 'evil.example',
      },
    ]);
  });

  test('an API destination that changes its connection is logged', async () => {
    await update({ ConnectionArn: await connection('other') });
    const [fromHost, toHost] = ['api.example.com', 'api.example.com'];
    const names = { apiDestination: 'sink', connection: 'other', formerConnection: 'orders' };
    expect(world.told).toEqual([{ event: 'destination-moved', ...names, fromHost, toHost }]);
  });

  test('a new API destination on a host that is new for its connection is logged', async () => {
    const add = (Name: string, InvocationEndpoint: string, ConnectionArn = arn) => {
      const members = { ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' };
      return world.call('CreateApiDestination', { Name, ...members });
    };
    await add('same', 'https://API.example.com:8443/other');
    await add('first', 'https://other.example/', await connection('other'));
    expect(world.told).toEqual([]);
    world.faults.fail('apiDestinations.create', 'before');
    await expect(add('failed', 'https://evil.example/')).rejects.toThrow();
    expect(world.told).toEqual([]);
    await add('evil', 'https://evil.example/');
    const names = { apiDestination: 'evil', connection: 'orders' };
    expect(world.told).toEqual([{ event: 'destination-added', ...names, host: 'evil.example' }]);
    await add('evil-2', 'https://evil.example/2');
    expect(world.told).toHaveLength(1);
    await world.call('PutConnectionPolicy', { ...orders, AllowedHosts: ['new.example'] });
    await add('allowed', 'https://new.example/');
    expect(world.told).toHaveLength(1);
  });

  test('moving an API destination to another host is not logged when the write fails', async () => {
    world.faults.fail('apiDestinations.update', 'before');
    await expect(update({ InvocationEndpoint: 'https://evil.example/' })).rejects.toThrow();
    expect(world.told).toEqual([]);
  });
});

describe('the log of delivery policies', () => {
  const ca = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf';
  const put = (members: object) => world.call('PutDeliveryPolicy', { ApiDestinationName: 'sink', ...members });
  const members = {
    CaCertificateSecretArn: ca,
    ServerName: 'inner.example',
    ProxyUrl: 'http://proxy.example:3128',
  };
  const settings = {
    caCertificateSecretArn: ca,
    serverName: 'inner.example',
    proxyUrl: 'http://proxy.example:3128',
  };
  const names = { event: 'transport-changed', apiDestination: 'sink', connection: 'orders' };
  beforeEach(() => create('https://api.example.com/'));

  test.each(Object.keys(members) as (keyof typeof members)[])(
    'setting, changing and removing %s in a delivery policy is logged',
    async (member) => {
      await put({ [member]: members[member] });
      const settingName = `${member[0]?.toLowerCase()}${member.slice(1)}` as keyof typeof settings;
      const other = {
        ...members,
        ServerName: 'other.example',
        CaCertificateSecretArn: `${ca}2`,
        ProxyUrl: 'https://o',
      };
      await put({ [member]: other[member], Burst: 3 });
      await put({ Burst: 3 });
      expect(world.told).toEqual([
        { ...names, [settingName]: settings[settingName] },
        { ...names, [settingName]: other[member] },
        names,
      ]);
    },
  );

  test('a delivery policy with ServerName, CaCertificateSecretArn and ProxyUrl is logged, and so is its deletion', async () => {
    await put(members);
    await world.call('DeleteDeliveryPolicy', { ApiDestinationName: 'sink' });
    expect(world.told).toEqual([{ ...names, ...settings }, names]);
  });

  test('a delivery policy is not logged when ServerName, CaCertificateSecretArn and ProxyUrl stay the same or the write fails', async () => {
    await put(members);
    await put({ ...members, TimeoutSeconds: 3, Signing: { SecretArn: ca } });
    world.faults.fail('apiDestinations.update', 'before');
    await expect(put({ Burst: 2 })).rejects.toThrow();
    expect(world.told).toHaveLength(1);
  });
});

describe('the log of connection policies', () => {
  test.each([
    ['adds a host', () => allow('api.example.com', 'evil.example'), ['evil.example']],
    ['no longer has AllowedHosts', () => world.call('PutConnectionPolicy', orders), 'any'],
    ['is deleted', () => world.call('DeleteConnectionPolicy', orders), 'any'],
  ])('a connection policy that %s is logged', async (_, change, hosts) => {
    await allow('api.example.com');
    await change();
    expect(world.told).toEqual([{ event: 'hosts-loosened', connection: 'orders', hosts }]);
  });

  test('a connection policy that removes a host is not logged', async () => {
    await allow('api.example.com', 'b.example.com');
    await allow('api.example.com');
    expect(world.told).toEqual([]);
  });
});
