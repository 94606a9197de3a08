import type { ApiDestination } from '../../core/destination/api-destination.ts';
import type {
  BatchFormat,
  BatchSettings,
  CloudEventsFormat,
  DeliveryPolicyOverrides,
} from '../../core/destination/delivery-policy.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { numberListOf, numberOf, objectOf, textOf } from '../input.ts';
import type { Caller } from '../operation.ts';
import type { PolicyDependencies } from './policy-checks.ts';
import {
  checkedGroupPath,
  checkedOrder,
  checkedProxyUrl,
  checkedSecretArn,
  checkedServerName,
  checkedStatuses,
  checkedTimeoutMs,
  checkedTransformer,
} from './policy-checks.ts';

/*
 * The members of a delivery policy: read from a request, merged with those that are stored, and shown in an answer.
 */

const kind = 'api-destination';

/** @throws ServiceError ValidationException that names the member */
export async function requestedPolicy(
  dependencies: PolicyDependencies,
  caller: Caller,
  input: JsonObject,
): Promise<DeliveryPolicyOverrides> {
  const secretArn = (parameter: string, text: string | undefined) =>
    checkedSecretArn(dependencies, caller, kind, parameter, text);
  const signingSecretArn = secretArn('Signing.SecretArn', textOf(objectOf(input, 'Signing') ?? {}, 'SecretArn'));
  const policy: Optional<DeliveryPolicyOverrides> = {
    timeoutMs: checkedTimeoutMs(dependencies, input),
    maximumConcurrency: numberOf(input, 'MaximumConcurrency'),
    maximumConcurrencyPerWorker: numberOf(input, 'MaximumConcurrencyPerWorker'),
    burst: numberOf(input, 'Burst'),
    // The service model allows only the values of this member, of Format and of Batch.Format.
    invocationRateLimit: textOf(input, 'InvocationRateLimit') === undefined ? undefined : 'NONE',
    retryPolicy: requestedRetryPolicy(objectOf(input, 'RetryPolicy')),
    retryableStatuses: checkedStatuses(numberListOf(input, 'RetryableStatuses')),
    transformer: await checkedTransformer(dependencies, input),
    format: textOf(input, 'Format') as CloudEventsFormat | undefined,
    batch: requestedBatch(objectOf(input, 'Batch')),
    webhookRequestOrigin: textOf(input, 'WebhookRequestOrigin'),
    order: checkedOrder(dependencies, input),
    orderGroupPath: await checkedGroupPath(input),
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

function requestedBatch(input: JsonObject | undefined): BatchSettings | undefined {
  return (
    input && given({ format: textOf(input, 'Format') as BatchFormat, maximumSize: numberOf(input, 'MaximumSize') })
  );
}

function requestedRetryPolicy(input: JsonObject = {}): DeliveryPolicyOverrides['retryPolicy'] {
  const ageSeconds = numberOf(input, 'MaximumEventAgeInSeconds');
  return given({
    maximumRetryAttempts: numberOf(input, 'MaximumRetryAttempts'),
    maximumEventAgeMs: ageSeconds === undefined ? undefined : ageSeconds * 1000,
  });
}

/** Members that a newer version has written are kept. */
export function mergedPolicy(
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
    batch: without('Batch', former.batch),
    webhookRequestOrigin: without('WebhookRequestOrigin', former.webhookRequestOrigin),
    order: without('Order', former.order),
    orderGroupPath: without('OrderGroupPath', former.orderGroupPath),
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

/** The answer of PutDeliveryPolicy and GetDeliveryPolicy: the members that are set, in the form of the request. */
export function deliveryPolicyAnswer({ name, arn }: ApiDestination, policy: DeliveryPolicyOverrides): JsonObject {
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
    Batch: policy.batch && withoutUndefined({ Format: policy.batch.format, MaximumSize: policy.batch.maximumSize }),
    WebhookRequestOrigin: policy.webhookRequestOrigin,
    Order: policy.order,
    OrderGroupPath: policy.orderGroupPath,
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

export type Optional<Members> = { readonly [Name in keyof Members]?: Members[Name] | undefined };

/** The members that have a value; undefined when none has. */
export function given<Members extends object>(members: Optional<Members>): Members | undefined {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Members);
}
