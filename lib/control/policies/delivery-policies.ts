import type { ApiDestination } from '../../core/destination/api-destination.ts';
import type {
  CloudEventsFormat,
  DeliveryPolicyOverrides,
  TransportSettings,
} from '../../core/destination/delivery-policy.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import {
  connectionNameOf,
  connectionOf,
  requireAllowedHost,
  requireApiDestination,
} from '../destinations/api-destination-checks.ts';
import { numberListOf, numberOf, objectOf, requiredTextOf, textOf } from '../input.ts';
import type { Caller, Operation } from '../operation.ts';
import { concurrentlyModified, notFound, policyNotFound } from '../refusals.ts';
import type { PolicyDependencies } from './policy-checks.ts';
import {
  checkedProxyUrl,
  checkedSecretArn,
  checkedServerName,
  checkedStatuses,
  checkedTimeoutMs,
  checkedTransformer,
  removedMembersOf,
} from './policy-checks.ts';
import { writePolicyTo } from './policy-writes.ts';

const kind = 'api-destination';

/**
 * Replaces the whole policy of an API destination. Members that the request leaves out return to their defaults. The ARN is accepted
 * and ignored, so that the answer of GetDeliveryPolicy can be put again.
 */
export function putDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'ApiDestinationName');
    const policy = await requestedPolicy(dependencies, caller, input);
    const read = () => requireApiDestination(dependencies, 'update', name);
    const after = await writePolicyTo(read, (before) => setPolicy(dependencies, caller, before, policy));
    return deliveryPolicyAnswer(after, policy);
  };
}

/** Changes only the members of a policy that the request contains. `RemovedMembers` return to their defaults. */
export function updateDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'ApiDestinationName');
    const removed = removedMembersOf(input, kind);
    const requested = await requestedPolicy(dependencies, caller, input);
    const read = () => requireApiDestination(dependencies, 'update', name);
    const write = (before: ApiDestination) =>
      setPolicy(dependencies, caller, before, mergedPolicy(before.policy, requested, removed));
    const after = await writePolicyTo(read, write, { isMerged: true });
    return deliveryPolicyAnswer(after, after.policy ?? {});
  };
}

async function setPolicy(
  dependencies: PolicyDependencies,
  caller: Caller,
  before: ApiDestination,
  policy: DeliveryPolicyOverrides,
): Promise<ApiDestination> {
  if (setsServerNameOrProxy(policy)) await requireAllowedHosts(dependencies, caller, before, policy);
  return writePolicy(dependencies, caller, before, policy);
}

/** Members that a newer version has written are kept. */
function mergedPolicy(
  former: DeliveryPolicyOverrides = {},
  requested: DeliveryPolicyOverrides,
  removed: ReadonlySet<string>,
): DeliveryPolicyOverrides {
  const without = <Value>(member: string, value: Value | undefined) => (removed.has(member) ? undefined : value);
  const { transport = {}, retryPolicy } = former;
  const merged: Optional<DeliveryPolicyOverrides> = {
    ...former,
    timeoutMs: without('TimeoutSeconds', former.timeoutMs),
    maximumConcurrency: without('MaximumConcurrency', former.maximumConcurrency),
    maximumConcurrencyPerWorker: without('MaximumConcurrencyPerWorker', former.maximumConcurrencyPerWorker),
    burst: without('Burst', former.burst),
    invocationRateLimit: without('InvocationRateLimit', former.invocationRateLimit),
    retryableStatuses: without('RetryableStatuses', former.retryableStatuses),
    transformer: without('Transformer', former.transformer),
    format: without('Format', former.format),
    webhookRequestOrigin: without('WebhookRequestOrigin', former.webhookRequestOrigin),
    signing: without('Signing', former.signing),
    ...requested,
    retryPolicy: given({ ...without('RetryPolicy', retryPolicy), ...requested.retryPolicy }),
    transport: given({
      ...transport,
      clientCertificateSecretArn: without('ClientCertificateSecretArn', transport.clientCertificateSecretArn),
      caCertificateSecretArn: without('CaCertificateSecretArn', transport.caCertificateSecretArn),
      serverName: without('ServerName', transport.serverName),
      proxyUrl: without('ProxyUrl', transport.proxyUrl),
      ...requested.transport,
    }),
  };
  return given(merged) ?? {};
}

export function getDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(
      dependencies,
      'describe',
      requiredTextOf(input, 'ApiDestinationName'),
    );
    if (destination.policy === undefined) throw policyNotFound(kind, destination.name);
    return deliveryPolicyAnswer(destination, destination.policy);
  };
}

/** Succeeds even if the destination has no policy, because the client wanted it to have none. */
export function deleteDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'ApiDestinationName');
    const read = () => requireApiDestination(dependencies, 'update', name);
    await writePolicyTo(read, async (before) => {
      if (before.policy !== undefined) await writePolicy(dependencies, caller, before, undefined);
    });
    return {};
  };
}

/**
 * Only these settings make the check of the hosts necessary. Without them, a policy may be put even for a destination whose
 * host the connection policy does not allow.
 */
function setsServerNameOrProxy({ transport = {} }: DeliveryPolicyOverrides): boolean {
  return (transport.serverName ?? transport.proxyUrl) !== undefined;
}

/** The server name and the proxy must be allowed too, because they also decide who can read and answer the request. */
async function requireAllowedHosts(
  dependencies: PolicyDependencies,
  caller: Caller,
  before: ApiDestination,
  policy: DeliveryPolicyOverrides,
): Promise<void> {
  const connection = await connectionOf(dependencies, before.connectionArn);
  if (connection !== undefined) requireAllowedHost(dependencies, caller, 'update', connection, { ...before, policy });
}

/** Raises the revision, so that the return times start again, because the burst or the endpoint may have changed. */
async function writePolicy(
  { apiDestinations, clock, credentialsLog }: PolicyDependencies,
  caller: Caller,
  before: ApiDestination,
  policy: DeliveryPolicyOverrides | undefined,
): Promise<ApiDestination> {
  const { policy: _former, ...rest } = before;
  const members = { ...rest, lastModifiedTimeMs: clock.nowMs(), revision: before.revision + 1 };
  const after = policy === undefined ? members : { ...members, policy };
  const written = await apiDestinations.update(before, after);
  if (written === 'absent') throw notFound('update', kind, before.name);
  if (written !== 'written') throw concurrentlyModified('update', kind, before.name);
  const settings = trustSettings(policy);
  if (JSON.stringify(settings) !== JSON.stringify(trustSettings(before.policy))) {
    const names = { apiDestination: before.name, connection: connectionNameOf(before.connectionArn) };
    credentialsLog.record({ event: 'transport-changed', ...names, ...settings }, caller);
  }
  return after;
}

/** The settings that decide who can answer as the endpoint, or can carry its requests. */
function trustSettings({ transport = {} }: DeliveryPolicyOverrides = {}) {
  const { caCertificateSecretArn, serverName, proxyUrl } = transport;
  return given<TransportSettings>({ caCertificateSecretArn, serverName, proxyUrl });
}

/** @throws ServiceError ValidationException that names the member */
async function requestedPolicy(dependencies: PolicyDependencies, caller: Caller, input: JsonObject) {
  const secretArn = (parameter: string, text: string | undefined) =>
    checkedSecretArn(dependencies, caller, kind, parameter, text);
  const signingSecretArn = secretArn('Signing.SecretArn', textOf(objectOf(input, 'Signing') ?? {}, 'SecretArn'));
  const policy: Optional<DeliveryPolicyOverrides> = {
    timeoutMs: checkedTimeoutMs(dependencies, input),
    maximumConcurrency: numberOf(input, 'MaximumConcurrency'),
    maximumConcurrencyPerWorker: numberOf(input, 'MaximumConcurrencyPerWorker'),
    burst: numberOf(input, 'Burst'),
    // The service model allows only the values of this member and of Format.
    invocationRateLimit: textOf(input, 'InvocationRateLimit') === undefined ? undefined : 'NONE',
    retryPolicy: requestedRetryPolicy(objectOf(input, 'RetryPolicy')),
    retryableStatuses: checkedStatuses(numberListOf(input, 'RetryableStatuses')),
    transformer: await checkedTransformer(dependencies, input),
    format: textOf(input, 'Format') as CloudEventsFormat | undefined,
    webhookRequestOrigin: textOf(input, 'WebhookRequestOrigin'),
    signing: signingSecretArn === undefined ? undefined : { secretArn: signingSecretArn },
    transport: given({
      clientCertificateSecretArn: secretArn('ClientCertificateSecretArn', textOf(input, 'ClientCertificateSecretArn')),
      caCertificateSecretArn: secretArn('CaCertificateSecretArn', textOf(input, 'CaCertificateSecretArn')),
      serverName: checkedServerName(input),
      proxyUrl: checkedProxyUrl(dependencies, input),
    }),
  };
  return given(policy) ?? {};
}

function requestedRetryPolicy(input: JsonObject = {}): DeliveryPolicyOverrides['retryPolicy'] {
  const ageSeconds = numberOf(input, 'MaximumEventAgeInSeconds');
  return given({
    maximumRetryAttempts: numberOf(input, 'MaximumRetryAttempts'),
    maximumEventAgeMs: ageSeconds === undefined ? undefined : ageSeconds * 1000,
  });
}

type Optional<Members> = { readonly [Name in keyof Members]?: Members[Name] | undefined };

function given<Members extends object>(members: Optional<Members>): Members | undefined {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Members);
}

/** The answer of PutDeliveryPolicy and GetDeliveryPolicy: the members that are set, in the form of the request. */
function deliveryPolicyAnswer({ name, arn }: ApiDestination, policy: DeliveryPolicyOverrides): JsonObject {
  const { timeoutMs, burst, retryPolicy, retryableStatuses, signing, transport } = policy;
  return withoutUndefined({
    ApiDestinationName: name,
    ApiDestinationArn: arn,
    TimeoutSeconds: seconds(timeoutMs),
    MaximumConcurrency: policy.maximumConcurrency,
    MaximumConcurrencyPerWorker: policy.maximumConcurrencyPerWorker,
    Burst: burst,
    InvocationRateLimit: policy.invocationRateLimit,
    RetryPolicy:
      retryPolicy &&
      withoutUndefined({
        MaximumRetryAttempts: retryPolicy.maximumRetryAttempts,
        MaximumEventAgeInSeconds: seconds(retryPolicy.maximumEventAgeMs),
      }),
    RetryableStatuses: retryableStatuses,
    Transformer: policy.transformer && { ...policy.transformer },
    Format: policy.format,
    WebhookRequestOrigin: policy.webhookRequestOrigin,
    Signing: signing && { SecretArn: signing.secretArn },
    ClientCertificateSecretArn: transport?.clientCertificateSecretArn,
    CaCertificateSecretArn: transport?.caCertificateSecretArn,
    ServerName: transport?.serverName,
    ProxyUrl: transport?.proxyUrl,
  });
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
