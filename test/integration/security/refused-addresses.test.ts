import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createUndiciHttpClient } from '../../../lib/adapters/http/client.ts';
import { publicOnly } from '../../../lib/core/address/address.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import { createTokenRequest } from '../../../lib/delivery/token/request.ts';
import type { RefusedAddress } from '../../../lib/ports/metrics.ts';
import { connectionOf } from '../../contract/dynamodb/subjects.ts';
import { createInMemoryConnections } from '../../fakes/in-memory-connections.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { type DnsServer, startDnsServer } from '../../servers/endpoints/dns-server.ts';
import { type MisbehavingEndpoint, startMisbehavingEndpoint } from '../../servers/endpoints/misbehaving-endpoint.ts';
import { makeTlsCertificate, type TlsCertificate } from '../../servers/endpoints/tls-certificate.ts';
import { basicInput, createWorld, oauthInput, type World } from '../../unit/control/world.ts';
import { createOutcomeStory, wait } from '../delivery/outcome-story.ts';

/** Hosts that an attacker could write into a URL. None of them is a public address. */
const literals = hostsOf(
  // Loopback, and other addresses of this machine.
  '127.0.0.1 127.0.0.1. 127.1 127.0.1 127.255.255.254 2130706433 0x7f000001 0X7F000001 017700000001 0177.0.0.1',
  '0x7f.0.0.1 0x7f.1 127.0x1 0177.0.0.01. 127.0.0.%31 １２７.0.0.1 127。0。0。1 0 0.0.0.0 0x0 0.1.2.3 [::] [::1]',
  '[0:0:0:0:0:0:0:1] [0000::0001] [::127.0.0.1] [::ffff:127.0.0.1] [::FFFF:7F00:1] [0:0:0:0:0:ffff:7f00:0001]',
  '[::ffff:0:127.0.0.1] localhost LOCALHOST localhost. api.localhost a.b.localhost. ｌocalhost',
  // The metadata services of clouds.
  '169.254.169.254 169.254.169.254. 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 0xa9.0xfe.0xa9.0xfe',
  '169.16689662 169.254.170.2 169.254.170.23 [fd00:ec2::254] [fd00:ec2::23] [fd00:0ec2:0:0:0:0:0:254]',
  '[::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::169.254.169.254] [64:ff9b::a9fe:aa02]',
  '[64:ff9b:1::a9fe:a9fe] [2002:a9fe:a9fe::1] [2001:0:a9fe:a9fe::] [::a9fe:a9fe]',
  // Private networks.
  '10.0.0.1 10.1 0xa.1 012.0.0.1 167772161 172.16.0.1 172.31.255.255 192.168.1.1 192.168.257 100.64.0.1',
  '100.127.255.255 169.254.1.1 [fc00::1] [fd12:3456::1] [fe80::1] [febf::1] [fec0::1] [::ffff:10.0.0.1]',
  '[::ffff:c0a8:101] [64:ff9b::10.0.0.1] [64:ff9b:1::10.0.0.1] [2002:a00:1::]',
  // Addresses that belong to no host, or to many hosts.
  '192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1 240.0.0.1 255.255.255.255',
  '[ff02::1] [2001:db8::1] [3fff::1] [100::1] [2001::1] [5f00::1] [4000::1]',
);

/** Hosts that the URL parser refuses. */
const malformed = hostsOf(
  '[fe80::1%25eth0] [fe80::1%eth0] [::1%25lo] [::ffff:127.0.0.256] [127.0.0.1] 256.0.0.1 0x7f.0.0.0.1',
  '127.0.0.1.1 4294967296 [::1 127.0.0.1%00.example.com 127.0.0.1%2f@example.com',
);

/** Harmless names, and the addresses to which they resolve. */
const names: Readonly<Record<string, readonly string[]>> = {
  'loopback.example.test': ['127.0.0.1'],
  'metadata.example.test': ['169.254.169.254'],
  'metadata6.example.test': ['fd00:ec2::254'],
  'inside.example.test': ['10.1.2.3'],
  'inside6.example.test': ['fd12::1'],
  'nat64.example.test': ['64:ff9b::a01:203'],
  'both.example.test': ['93.184.216.34', '192.168.1.1'],
  'shared.example.test': ['100.64.1.1'],
  '127.0.0.1.example.test': ['127.0.0.1'],
};

function hostsOf(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}

let certificate: TlsCertificate;
let endpoint: MisbehavingEndpoint;
let dns: DnsServer;
let refused: RefusedAddress[] = [];
beforeAll(async () => {
  certificate = makeTlsCertificate(Date.now());
  endpoint = await startMisbehavingEndpoint((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'), certificate);
  dns = await startDnsServer((name) => names[name] ?? []);
});
afterAll(() => Promise.all([endpoint.close(), dns.close()]));
beforeEach(() => {
  refused = [];
});

/** A URL with the port of a server on 127.0.0.1. A request to 127.0.0.1 that is not refused would reach this server. */
const urlOf = (host: string): string => `https://${host}:${new URL(endpoint.origin).port}`;
const client = () => ({
  allowlist: publicOnly,
  connectOptions: () => ({ ca: certificate.certificate }),
  resolveName: dns.resolveName,
  onRefusal: (each: RefusedAddress) => void refused.push(each),
});

async function deliverTo(host: string) {
  const story = createOutcomeStory({ origin: urlOf(host), random: wait, client: client() });
  const conclusion = await story.deliver('orders');
  const letter = story.lastDeadLetter();
  await story.close();
  return { conclusion, letter };
}

async function requestTokenFrom(host: string): Promise<unknown> {
  const http = createUndiciHttpClient(client());
  const connection = connectionOf('billing', { authorizationType: 'OAUTH_CLIENT_CREDENTIALS' });
  const connections = createInMemoryConnections();
  await connections.create(connection);
  const [states, clock] = [connections, createManualClock()];
  const request = createTokenRequest({ http, states, clock, userAgent: 'lastmile/test' });
  const credentials = {
    authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    clientId: 'client',
    clientSecret: 'canary-secret',
    authorizationEndpoint: `${urlOf(host)}/token`,
    httpMethod: 'POST',
  } as const;
  const { signal } = new AbortController();
  const answered = await request({ connection, credentials, secretVersion: 'version-1' }, 5000, signal).catch(
    (error: unknown) => error,
  );
  expect(await connections.read('billing')).toEqual(connection);
  await http.close();
  return answered;
}

/**
 * Calls every operation of the control API that takes a URL. `tried` has, for each operation, `accepted` or the field that
 * the refusal names.
 */
async function configure(host: string) {
  const world = createWorld();
  const { ConnectionArn = '' } = await world.call('CreateConnection', basicInput);
  const destination = { Name: 'sink', HttpMethod: 'POST', ConnectionArn, InvocationEndpoint: 'https://example.com/' };
  await world.call('CreateApiDestination', destination);
  await world.call('CreateConnection', { ...oauthInput, Name: 'granted' });
  const stored = async () => JSON.stringify([world.connections.all(), await world.apiDestinations.read('sink')]);
  const before = await stored();
  const InvocationEndpoint = `${urlOf(host)}/orders`;
  const { OAuthParameters } = oauthInput.AuthParameters;
  const AuthParameters = { OAuthParameters: { ...OAuthParameters, AuthorizationEndpoint: `${urlOf(host)}/token` } };
  const tried = {
    createApiDestination: await refusalOf(world, 'CreateApiDestination', {
      ...destination,
      Name: 'new',
      InvocationEndpoint,
    }),
    updateApiDestination: await refusalOf(world, 'UpdateApiDestination', { Name: 'sink', InvocationEndpoint }),
    createConnection: await refusalOf(world, 'CreateConnection', { ...oauthInput, Name: 'new', AuthParameters }),
    updateConnection: await refusalOf(world, 'UpdateConnection', { Name: 'granted', AuthParameters }),
  };
  return { tried, changed: (await stored()) !== before };
}

async function refusalOf(world: World, operation: string, input: JsonObject): Promise<string> {
  const refusal = await world.call(operation, input).then(
    () => 'accepted',
    (error: unknown) => error,
  );
  if (refusal === 'accepted') return refusal;
  expect(refusal).toMatchObject({ code: 'ValidationException' });
  return (
    /Parameter (\w+) is not valid\. Reason: Endpoint '.*' (?:has an address|is invalid)/.exec(String(refusal))?.[1] ??
    ''
  );
}

const namesTheField = {
  createApiDestination: 'InvocationEndpoint',
  updateApiDestination: 'InvocationEndpoint',
  createConnection: 'AuthorizationEndpoint',
  updateConnection: 'AuthorizationEndpoint',
};
const accepted = Object.fromEntries(Object.keys(namesTheField).map((operation) => [operation, 'accepted']));

describe.each(literals)('%s', (host) => {
  test(`the control API refuses the host ${host} in the URL of an endpoint or a token endpoint`, async () => {
    expect(await configure(host)).toEqual({ tried: namesTheField, changed: false });
  });

  test(`an event for an endpoint at ${host} is dead-lettered, and no connection is opened`, async () => {
    const { conclusion, letter } = await deliverTo(host);
    expect(conclusion).toMatchObject({ code: 'AddressRefused', settlement: { kind: 'dead-lettered' } });
    expect(letter).toMatchObject({ ERROR_CODE: 'INVALID_PARAMETER', RETRY_ATTEMPTS: '0' });
    expect(refused).toHaveLength(1);
    expect(endpoint.connectionCount()).toBe(0);
  });

  test(`a token request to ${host} is refused before a connection is opened`, async () => {
    expect(await requestTokenFrom(host)).toMatchObject({ code: 'AddressRefused', kind: 'permanent' });
    expect(refused).toHaveLength(1);
    expect(endpoint.connectionCount()).toBe(0);
  });
});

describe.each(Object.entries(names).map(([name, addresses]) => ({ name, addresses: addresses.join(' and ') })))(
  '$name',
  ({ name, addresses }) => {
    test(`the control API accepts ${name}, because it does not resolve names`, async () => {
      expect((await configure(name)).tried).toEqual(accepted);
    });

    test(`an event for a name that resolves to ${addresses} is dead-lettered, and the dead letter does not show the address`, async () => {
      const { conclusion, letter } = await deliverTo(name);
      expect(conclusion).toMatchObject({ code: 'AddressRefused', settlement: { kind: 'dead-lettered' } });
      const said = JSON.stringify(letter).replaceAll(name, '');
      expect(names[name]?.filter((address) => said.includes(address))).toEqual([]);
      expect(refused).toMatchObject([{ host: name }]);
      expect(endpoint.connectionCount()).toBe(0);
    });

    test(`a token request to a name that resolves to ${addresses} is refused before a connection is opened`, async () => {
      expect(await requestTokenFrom(name)).toMatchObject({ code: 'AddressRefused' });
      expect(endpoint.connectionCount()).toBe(0);
    });
  },
);

test.each(malformed)('a URL with the invalid host %s is refused by the control API and never called', async (host) => {
  expect(await configure(host)).toEqual({ tried: namesTheField, changed: false });
  const { conclusion } = await deliverTo(host);
  expect(conclusion).toMatchObject({ code: 'InvalidInvocation', settlement: { kind: 'dead-lettered' } });
  expect(await requestTokenFrom(host)).toMatchObject({ code: 'InvalidSecret' });
  expect(endpoint.connectionCount()).toBe(0);
});

test('the tests of refused addresses cover more than eighty hosts', () => {
  expect(new Set([...literals, ...malformed, ...Object.keys(names)]).size).toBeGreaterThan(80);
});
