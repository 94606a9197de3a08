import { describe, expect, test } from 'vitest';
import { formatConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import type { DeliveryPolicyOverrides } from '../../../../lib/core/destination/delivery-policy.ts';
import { defaultTransport } from '../../../../lib/core/destination/delivery-policy.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { createResolver } from '../../../../lib/delivery/route/resolver.ts';
import { apiDestinationOf, connectionOf } from '../../../contract/dynamodb/subjects.ts';
import { createInMemorySecrets } from '../../../fakes/in-memory-secrets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { makeTlsCertificate } from '../../../servers/endpoints/tls-certificate.ts';
import { routeOf } from '../outcomes.ts';

const startMs = createManualClock().nowMs();
const [first, second, authority] = [0, 1, 2].map(() => makeTlsCertificate(startMs)) as [Tls, Tls, Tls];
type Tls = ReturnType<typeof makeTlsCertificate>;
const bundle = ({ certificate, key }: Tls) => `${certificate}${key}`;

const signingSecret = (text: string) => `whsec_${text.repeat(4)}`;

/** A destination whose policy names secrets. `reads` counts the reads of these secrets, not those of the connection's secret. */
async function setUp(policyOf: (arns: { tls: string; ca: string; signing: string }) => DeliveryPolicyOverrides) {
  const clock = createManualClock();
  const secrets = createInMemorySecrets();
  const credentials = { authorizationType: 'BASIC', username: 'someone', password: 'first' } as const;
  const { secretArn, version } = await secrets.create('billing', formatConnectionSecret({ credentials }));
  const arns = {
    tls: (await secrets.create('tls', bundle(first))).secretArn,
    ca: (await secrets.create('ca', authority.certificate.trim())).secretArn,
    signing: (await secrets.create('signing', signingSecret('c2VjcmV0'))).secretArn,
  };
  const connection = connectionOf('billing', { secretArn, secretVersion: version });
  const apiDestination = apiDestinationOf('orders', { connectionArn: connection.arn, policy: policyOf(arns) });
  const injected: { failure?: Failure } = {};
  const reads: string[] = [];
  const resolver = createResolver({
    configuration: { readApiDestination: async () => apiDestination, readConnection: async () => connection },
    secrets: {
      async read(arn, wanted) {
        if (arn !== secretArn) reads.push(`${arn.split(':').at(-1)?.replace('-AbCdEf', '')} ${wanted}`);
        if (injected.failure !== undefined) throw injected.failure;
        return secrets.read(arn, wanted);
      },
    },
    states: { adopt: () => expect.fail('Nothing was to be written.') },
    clock,
    policy: routeOf().policy,
    longestTimeoutMs: 52_000,
    cache: { freshMs: 15_000, staleMs: 900_000 },
  });
  async function rotate(arn: string, text: string): Promise<void> {
    const { version: next } = await secrets.addVersion(arn, text);
    await secrets.makeCurrent(arn, next);
  }
  const later = (ms: number) => clock.set(clock.nowMs() + ms);
  return { resolver, secrets, arns, reads, injected, rotate, later };
}

const everything = ({ tls, ca, signing }: { tls: string; ca: string; signing: string }) => ({
  signing: { secretArn: signing },
  transport: {
    clientCertificateSecretArn: tls,
    caCertificateSecretArn: ca,
    serverName: 'inner.example.com',
    proxyUrl: 'http://proxy.example:3128',
  },
});

describe('the secrets that a delivery policy names', () => {
  test('the secrets of a delivery policy are read only once during their fresh time', async () => {
    const { resolver, reads, later } = await setUp(everything);
    const { transport, signingKeys } = await resolver.current('orders');
    expect(transport).toMatchObject({
      clientCertificate: { certificatePem: first.certificate.trim(), keyPem: first.key.trim() },
      caCertificatePem: authority.certificate.trim(),
      serverName: 'inner.example.com',
      proxyUrl: 'http://proxy.example:3128',
    });
    expect(signingKeys).toBeDefined();
    later(14_000);
    await resolver.current('orders');
    expect(reads.toSorted()).toEqual(['ca AWSCURRENT', 'signing AWSCURRENT', 'tls AWSCURRENT']);
  });

  test('a cached route is not used before the secrets of its delivery policy have been read', async () => {
    const { resolver } = await setUp(everything);
    await resolver.current('orders');
    expect(resolver.cached('orders')).toBeUndefined();
  });

  test('a delivery policy without secrets costs no read', async () => {
    const { resolver, reads } = await setUp(() => ({ timeoutMs: 100 }));
    const { transport, signingKeys } = await resolver.current('orders');
    expect([transport, signingKeys, reads]).toEqual([defaultTransport, undefined, []]);
  });

  test("a new version of a policy's secret is used within 15 s, over new connections", async () => {
    const { resolver, arns, rotate, later } = await setUp(everything);
    const before = await resolver.current('orders');
    await rotate(arns.tls, bundle(second));
    expect((await resolver.current('orders')).transport.key).toBe(before.transport.key);
    later(15_000);
    const after = await resolver.current('orders');
    expect(after.transport.clientCertificate?.certificatePem).toBe(second.certificate.trim());
    expect(after.transport.key).not.toBe(before.transport.key);
  });

  test("a new version of a policy's secret is used at once when the route is read without the cache", async () => {
    const { resolver, arns, rotate } = await setUp(everything);
    const before = await resolver.current('orders');
    expect((await resolver.fresh('orders')).versions).toBe(before.versions);
    await rotate(arns.signing, signingSecret('YW5vdGhl'));
    const after = await resolver.fresh('orders');
    expect(after.versions).not.toBe(before.versions);
    const exported = [before, after].map(({ signingKeys }) => signingKeys?.keys[0]?.key.export().toString());
    expect(exported).toEqual(['secret'.repeat(4), 'anothe'.repeat(4)]);
  });

  test('the secrets of a delivery policy are used for at most 15 minutes while they cannot be reached', async () => {
    const { resolver, injected, later } = await setUp(everything);
    const before = await resolver.current('orders');
    injected.failure = new Failure('StoreUnavailable', 'injected');
    later(899_000);
    expect((await resolver.current('orders')).versions).toBe(before.versions);
    later(1000);
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  test('the secrets of a delivery policy are no longer used once access to them is denied', async () => {
    const { resolver, injected, later } = await setUp(everything);
    await resolver.current('orders');
    injected.failure = new Failure('StoreRefused', 'injected');
    later(15_000);
    await expect(resolver.current('orders')).rejects.toMatchObject({ code: 'StoreRefused' });
  });

  test('a missing secret of a delivery policy is a retryable failure that names the use of the secret', async () => {
    const { resolver, reads } = await setUp(({ tls }) => ({
      transport: { clientCertificateSecretArn: `${tls}-gone` },
    }));
    const refusal = {
      code: 'SecretNotFound',
      kind: 'retryable',
      message: "The client certificate secret of API destination 'orders' cannot be used. It does not exist.",
    };
    await expect(resolver.current('orders')).rejects.toMatchObject(refusal);
    await expect(resolver.current('orders')).rejects.toMatchObject(refusal);
    expect(reads).toHaveLength(1);
  });

  test.each([
    ['clientCertificateSecretArn', 'signing'],
    ['caCertificateSecretArn', 'signing'],
  ] as const)(
    'a secret of the wrong kind in the setting %s causes a retryable failure, and the error does not show the secret',
    async (member, name) => {
      const { resolver, arns, rotate, later } = await setUp((all) => ({ transport: { [member]: all[name] } }));
      const failure = await resolver.current('orders').catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'InvalidPolicySecret',
        kind: 'retryable',
        message: expect.stringMatching(
          /^The (client|CA) certificates? secret of API destination 'orders' cannot be used\./,
        ),
      });
      expect(String(failure)).not.toContain('c2VjcmV0');
      await rotate(arns[name], bundle(first));
      later(15_000);
      expect((await resolver.current('orders')).transport.key).not.toBe('');
    },
  );

  test('an expired client certificate is a retryable failure until its secret holds a new one', async () => {
    const { resolver, arns, rotate, later } = await setUp(everything);
    await resolver.current('orders');
    const halfYearMs = 183 * 86_400_000;
    later(halfYearMs - 1000);
    expect((await resolver.current('orders')).transport).toHaveProperty('clientCertificate');
    later(1000);
    await expect(resolver.current('orders')).rejects.toMatchObject({
      code: 'InvalidPolicySecret',
      kind: 'retryable',
      message: expect.stringMatching(
        /^The client certificate secret of API destination 'orders' .* The certificate expired on 2026-07-03T/,
      ),
    });
    await rotate(arns.tls, bundle(makeTlsCertificate(startMs + halfYearMs)));
    later(15_000);
    expect((await resolver.current('orders')).transport).toHaveProperty('clientCertificate');
  });

  test('delivery policies with different server names or proxies have different transport keys, so they share no connection', async () => {
    const others = [{}, { serverName: 'other.example.com' }, { proxyUrl: 'http://other.example:3128' }];
    const keys = others.map(async (other) => {
      const { resolver } = await setUp((arns) => ({ transport: { ...everything(arns).transport, ...other } }));
      return (await resolver.current('orders')).transport.key;
    });
    expect(new Set(await Promise.all(keys)).size).toBe(others.length);
  });

  test('the transport key of a delivery policy does not contain the secrets of the policy', async () => {
    const { resolver } = await setUp(everything);
    const { transport } = await resolver.current('orders');
    const lines = [first.key, first.certificate, authority.certificate].flatMap((text) => text.trim().split('\n'));
    for (const line of lines) expect(transport.key).not.toContain(line);
  });
});
