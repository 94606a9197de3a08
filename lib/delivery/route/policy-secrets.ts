import { parseCaCertificates, parseClientCertificate } from '../../core/destination/certificate-bundle.ts';
import type { CurrentSecret, SecretInForce } from '../../core/destination/current-secret.ts';
import { parseCurrentSecret } from '../../core/destination/current-secret.ts';
import type {
  ClientCertificate,
  DeliveryPolicy,
  Transport,
  TransportSettings,
} from '../../core/destination/delivery-policy.ts';
import { defaultTransport } from '../../core/destination/delivery-policy.ts';
import { Failure } from '../../core/failure/failure.ts';
import { parseSigningSecret } from '../../core/request/signing.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretReader } from '../../ports/delivery.ts';
import type { FreshCacheOptions } from './fresh-cache.ts';
import type { PolicyMaterial } from '../../core/destination/resolved-destination.ts';
import { createFreshCache } from './fresh-cache.ts';

/** @throws Failure that names the API destination, the secret and what is wrong with it */
export type ReadPolicySecrets = (policy: DeliveryPolicy, apiDestinationName: string) => Promise<PolicyMaterial>;

export interface PolicySecrets {
  /** Reads from the cache. A new version is noticed when the cache reads the secret again. */
  readonly current: ReadPolicySecrets;
  /** Reads past the cache. */
  readonly fresh: ReadPolicySecrets;
}

/** Whether a policy names a secret. A policy without one costs no read. */
export function namesSecrets({ signing, transport }: DeliveryPolicy): boolean {
  return (signing ?? transport.clientCertificateSecretArn ?? transport.caCertificateSecretArn) !== undefined;
}

/** The result of `ReadPolicySecrets` for a policy that names no secret. */
export function materialOf({ transport }: DeliveryPolicy): PolicyMaterial {
  return { transport: transportOf(transport, {}), versions: '' };
}

/** Why a secret cannot be used. The message is a sentence. */
type Problem = Pick<Failure, 'code' | 'message'>;

/** A secret as it was read. A secret that does not exist has no version. */
type Loaded<Value> = CurrentSecret<Value> | { readonly problem: Problem };

const absent: Problem = { code: 'SecretNotFound', message: 'It does not exist.' };

interface Certificates {
  readonly client?: SecretInForce<ClientCertificate>;
  readonly ca?: SecretInForce<string>;
}

/**
 * Reads the current versions of the secrets that delivery policies name.
 *
 * Failure policy: a request that needs a signature or a certificate is never sent without it. A secret that does not exist or
 * has invalid content is a retryable failure, because its owner can repair it while the event waits. The failure is cached as
 * long as a valid secret, so that a broken secret does not cost more reads than a valid one. While Secrets Manager cannot be
 * reached, the secret that was read last is used, as with credentials.
 */
export function createPolicySecrets(secrets: SecretReader, clock: Clock, options: FreshCacheOptions): PolicySecrets {
  const clients = createSecretCache('client certificate', parseClientCertificate, expired);
  const cas = createSecretCache('CA certificates', parseCaCertificates);
  const signings = createSecretCache('signing', parseSigningSecret);

  function createSecretCache<Value>(
    what: string,
    parse: (text: string) => Value,
    problemAt: (value: Value, nowMs: number) => Problem | undefined = () => undefined,
  ) {
    const load = async (arn: string): Promise<Loaded<Value>> => {
      const secret = await secrets.read(arn, 'AWSCURRENT');
      return secret === undefined ? { problem: absent } : parseCurrentSecret(secret, parse);
    };
    const cache = createFreshCache(load, clock, options);
    return async (how: 'current' | 'fresh', arn: string | undefined, apiDestinationName: string) => {
      if (arn === undefined) return undefined;
      const loaded = (await cache[how](arn)) ?? { problem: absent };
      if ('problem' in loaded) throw unusable(what, apiDestinationName, loaded.problem);
      const problem = problemAt(loaded.value, clock.nowMs());
      if (problem !== undefined) throw unusable(what, apiDestinationName, problem);
      return loaded;
    };
  }

  async function material(how: 'current' | 'fresh', { signing, transport }: DeliveryPolicy, name: string) {
    const [client, ca, keys] = await Promise.all([
      clients(how, transport.clientCertificateSecretArn, name),
      cas(how, transport.caCertificateSecretArn, name),
      signings(how, signing?.secretArn, name),
    ]);
    const certificates = { ...(client !== undefined && { client }), ...(ca !== undefined && { ca }) };
    return {
      transport: transportOf(transport, certificates),
      ...(keys !== undefined && { signingKeys: keys.value }),
      versions: [client, ca, keys].map((secret) => secret?.version ?? '').join(' '),
    };
  }

  return {
    current: (policy, apiDestinationName) => material('current', policy, apiDestinationName),
    fresh: (policy, apiDestinationName) => material('fresh', policy, apiDestinationName),
  };
}

/**
 * A new version of a secret gives the transport a new key, and so new connections. No connection outlives the certificate that
 * it was made with.
 */
function transportOf(settings: TransportSettings, { client, ca }: Certificates): Transport {
  const { clientCertificateSecretArn, caCertificateSecretArn, serverName, proxyUrl } = settings;
  if (Object.keys(settings).length === 0) return defaultTransport;
  const parts = [
    clientCertificateSecretArn,
    client?.version,
    caCertificateSecretArn,
    ca?.version,
    serverName,
    proxyUrl,
  ];
  return {
    key: JSON.stringify(parts),
    ...(client !== undefined && { clientCertificate: client.value }),
    ...(ca !== undefined && { caCertificatePem: ca.value }),
    ...(serverName !== undefined && { serverName }),
    ...(proxyUrl !== undefined && { proxyUrl }),
  };
}

/** The endpoint would refuse an expired certificate too, but would say less about the reason. */
function expired({ expiresAtMs }: ClientCertificate, nowMs: number): Problem | undefined {
  if (nowMs < expiresAtMs) return undefined;
  return { code: 'InvalidPolicySecret', message: `The certificate expired on ${new Date(expiresAtMs).toISOString()}.` };
}

function unusable(what: string, apiDestinationName: string, { code, message }: Problem): Failure {
  return new Failure(code, `The ${what} secret of API destination '${apiDestinationName}' cannot be used. ${message}`);
}
