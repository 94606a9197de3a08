import type { RetryStrategy, ServiceSettings } from './service-settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of Lambda's runtimes. Source: Lambda developer guide, "Defined runtime environment variables". */
const known =
  /^AWS_(?:(?:DEFAULT_)?REGION|ACCESS_KEY(?:_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN|EXECUTION_ENV|ENDPOINT_URL|LAMBDA_.*|XRAY_.*)$/;

/** Regions whose endpoints are `https://<service>.<region>.amazonaws.com`. Source: @aws-sdk/core 3.981.0, partitions. */
const usualRegion = /^(?:us(?:-gov)?|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]+$/;

/**
 * The settings of signed calls, from the variables that Lambda sets for every function. Performance: an AWS client for one
 * service takes as long to load and to configure as an empty process, and a first delivery needs nothing else of it. The client
 * is loaded when a call fails, because its retry strategy decides whether the call is repeated.
 *
 * Failure policy: if the environment has any variable of AWS that Lambda does not set itself, only the client knows its meaning.
 * The same holds for credentials that come from elsewhere, and for regions whose endpoints have other names.
 *
 * @param client loads the configuration of the AWS client for the service
 * @returns undefined when the client must be used
 */
export function settingsFromEnvironment(
  service: 'dynamodb' | 'secretsmanager',
  environment: Environment,
  client: () => Promise<ServiceSettings>,
): ServiceSettings | undefined {
  const {
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_ENDPOINT_URL: endpointUrl,
  } = environment;
  const isUsual = Object.keys(environment).every((name) => !name.startsWith('AWS_') || known.test(name));
  if (!isUsual || !functionName || !region || !usualRegion.test(region)) return undefined;
  if (!accessKeyId || !secretAccessKey) return undefined;
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  const url = new URL(endpointUrl || `https://${service}.${region}.amazonaws.com`);
  const strategy = strategyOf(client);
  return {
    defaultSigningName: service,
    ignoreConfiguredEndpointUrls: false,
    credentials: async () => credentials,
    region: async () => region,
    useFipsEndpoint: async () => false,
    useDualstackEndpoint: async () => false,
    endpointProvider: () => ({ url }),
    retryStrategy: async () => strategy,
    systemClockOffset: 0,
  };
}

/** The strategy of the client, which is loaded when it first has to decide. Until then, no call has failed, so it has nothing to count. */
function strategyOf(client: () => Promise<ServiceSettings>): RetryStrategy {
  let loaded: RetryStrategy | undefined;
  const unused = { getRetryDelay: () => 0, getRetryCount: () => 0 };
  return {
    acquireInitialRetryToken: async (scope) => (loaded === undefined ? unused : loaded.acquireInitialRetryToken(scope)),
    async refreshRetryTokenForRetry(token, failure) {
      const strategy = (loaded ??= (await (await client()).retryStrategy()) as RetryStrategy);
      const own = token === unused ? await strategy.acquireInitialRetryToken('') : token;
      return strategy.refreshRetryTokenForRetry(own, failure);
    },
    recordSuccess(token) {
      if (token !== unused) loaded?.recordSuccess(token);
    },
  };
}
