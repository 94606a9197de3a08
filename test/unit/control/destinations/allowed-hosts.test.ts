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

  test('has destinations there, and nowhere else', async () => {
    await expect(create('https://evil.example/')).rejects.toMatchObject(refusal('create'));
    expect(await world.apiDestinations.read('sink')).toBeUndefined();
    await create('https://api.example.com/');
    await update({ InvocationEndpoint: 'https://EU.example.org:8443/' });
    await expect(update({ InvocationEndpoint: 'https://evil.example/' })).rejects.toMatchObject(refusal('update'));
    const { invocationEndpoint } = (await world.apiDestinations.read('sink')) ?? {};
    expect(invocationEndpoint).toBe('https://EU.example.org:8443/');
  });

  test('takes over no destination that is elsewhere', async () => {
    await create('https://evil.example/', await connection('other'));
    await expect(update({ ConnectionArn: arn })).rejects.toMatchObject(refusal('update'));
    await update({ ConnectionArn: arn, InvocationEndpoint: 'https://api.example.com/' });
  });

  test('has no destination whose certificate may be for another host', async () => {
    await create('https://api.example.com/');
    const put = (ServerName: string) => world.call('PutDeliveryPolicy', { ApiDestinationName: 'sink', ServerName });
    await expect(put('evil.example')).rejects.toMatchObject(refusal('update', 'ServerName'));
    await put('eu.example.org');
  });

  test('has no destination whose proxy could read what goes through it and is none of them', async () => {
    await create('https://api.example.com/');
    const put = (members: object) => world.call('PutDeliveryPolicy', { ApiDestinationName: 'sink', ...members });
    const CaCertificateSecretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-AbCdEf';
    const ProxyUrl = 'http://evil.example:3128';
    await put({ ProxyUrl });
    await put({ CaCertificateSecretArn });
    await expect(put({ ProxyUrl, CaCertificateSecretArn })).rejects.toMatchObject(refusal('update', 'ProxyUrl'));
    await put({ CaCertificateSecretArn, ProxyUrl: 'http://proxy.example.org:3128' });
  });

  test('tells of each destination that was refused, and of none that moved between them', async () => {
    await expect(create('https://evil.example/')).rejects.toThrow();
    await create('https://api.example.com/');
    await update({ InvocationEndpoint: 'https://eu.example.org/' });
    expect(world.told).toEqual([{ event: 'destination-refused', apiDestination: 'sink', connection: 'orders' }]);
  });
});

describe('allowed hosts that a destination is outside of', () => {
  beforeEach(() => create('https://evil.example/'));

  test('may be put, and the destination may still be changed where it does not move', async () => {
    await allow('api.example.com', '*.example.org');
    await update({ InvocationRateLimitPerSecond: 1 });
    await expect(update({ InvocationEndpoint: 'https://evil.example/2' })).rejects.toMatchObject(refusal('update'));
    await update({ InvocationEndpoint: 'https://api.example.com/' });
  });
});

describe('without allowed hosts', () => {
  beforeEach(() => create('https://api.example.com/'));

  test('a destination that moves to another host keeps its credentials, and that is told', async () => {
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

  test('so is a destination that takes another connection to its host', async () => {
    await update({ ConnectionArn: await connection('other') });
    const [fromHost, toHost] = ['api.example.com', 'api.example.com'];
    const names = { apiDestination: 'sink', connection: 'other', formerConnection: 'orders' };
    expect(world.told).toEqual([{ event: 'destination-moved', ...names, fromHost, toHost }]);
  });

  test('a destination that takes them where no other of the connection is, is told of', async () => {
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

  test('nothing is told of a move that was not written', async () => {
    world.faults.fail('apiDestinations.update', 'before');
    await expect(update({ InvocationEndpoint: 'https://evil.example/' })).rejects.toThrow();
    expect(world.told).toEqual([]);
  });
});

describe('of a delivery policy it is told', () => {
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
    'that %s was put, became another one and was taken away',
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

  test('what it says of all three, and when it is deleted', async () => {
    await put(members);
    await world.call('DeleteDeliveryPolicy', { ApiDestinationName: 'sink' });
    expect(world.told).toEqual([{ ...names, ...settings }, names]);
  });

  test('nothing when it says the same of them, and nothing before it is written', async () => {
    await put(members);
    await put({ ...members, TimeoutSeconds: 3, Signing: { SecretArn: ca } });
    world.faults.fail('apiDestinations.update', 'before');
    await expect(put({ Burst: 2 })).rejects.toThrow();
    expect(world.told).toHaveLength(1);
  });
});

describe('of a connection policy it is told', () => {
  test.each([
    ['that hosts were added', () => allow('api.example.com', 'evil.example'), ['evil.example']],
    ['that it no longer names any', () => world.call('PutConnectionPolicy', orders), 'any'],
    ['that it was taken away', () => world.call('DeleteConnectionPolicy', orders), 'any'],
  ])('%s', async (_, change, hosts) => {
    await allow('api.example.com');
    await change();
    expect(world.told).toEqual([{ event: 'hosts-loosened', connection: 'orders', hosts }]);
  });

  test('nothing when it becomes narrower', async () => {
    await allow('api.example.com', 'b.example.com');
    await allow('api.example.com');
    expect(world.told).toEqual([]);
  });
});
