import type { ApiDestination } from '../core/api-destination.ts';
import type { DeliveryPolicyOverrides } from '../core/delivery-policy.ts';
import type { JsonObject } from '../core/json.ts';
import { withoutUndefined } from './input.ts';

/** What Put and Get answer: the members that are set, in the form that Put takes. */
export function deliveryPolicyAnswer({ name, arn }: ApiDestination, policy: DeliveryPolicyOverrides): JsonObject {
  const { timeoutMs, burst, maximumConcurrencyPerWorker, retryPolicy, retryableStatuses, signing, transport } = policy;
  return withoutUndefined({
    ApiDestinationName: name,
    ApiDestinationArn: arn,
    TimeoutSeconds: seconds(timeoutMs),
    MaximumConcurrencyPerWorker: maximumConcurrencyPerWorker,
    Burst: burst,
    RetryPolicy:
      retryPolicy &&
      withoutUndefined({
        MaximumRetryAttempts: retryPolicy.maximumRetryAttempts,
        MaximumEventAgeInSeconds: seconds(retryPolicy.maximumEventAgeMs),
      }),
    RetryableStatuses: retryableStatuses,
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
