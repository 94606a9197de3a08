import type { RequestSettings } from './signed-request.ts';

/** A place to which the requests for a service go. */
export interface ServiceEndpoint {
  /** `https://dynamodb.eu-west-1.amazonaws.com` */
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  /** The region of the credential scope. */
  readonly signingRegion: string;
}

interface RetryToken {
  getRetryDelay(): number;
  getRetryCount(): number;
}

/** The retry strategy of an AWS client. It decides, waits, and limits the retries of all calls together. */
export interface RetryStrategy {
  acquireInitialRetryToken(scope: string): Promise<RetryToken>;
  /** Resolves when the next attempt may begin. Rejects when there must be no other attempt. */
  refreshRetryTokenForRetry(token: RetryToken, failure: RetryFailure): Promise<RetryToken>;
  recordSuccess(token: RetryToken): void;
}

export interface RetryFailure {
  readonly error: unknown;
  readonly errorType: 'THROTTLING' | 'TRANSIENT' | 'SERVER_ERROR' | 'CLIENT_ERROR';
  readonly retryAfterHint?: Date;
}

/** The resolved configuration of an AWS client, `client.config`. It knows the environment, the files of AWS and the container. */
export interface ServiceSettings extends Omit<RequestSettings, 'requestHandler'> {
  readonly defaultSigningName: string;
  readonly isCustomEndpoint?: boolean;
  readonly ignoreConfiguredEndpointUrls: boolean;
  /** Where to call a service whose endpoint was given to the client. */
  readonly endpoint?: () => Promise<{
    readonly protocol: string;
    readonly hostname: string;
    readonly port?: number;
    readonly path: string;
  }>;
  /** The endpoint that the environment or a file of AWS names. */
  readonly serviceConfiguredEndpoint?: () => Promise<string | undefined>;
  endpointProvider(parameters: object): {
    readonly url: URL;
    readonly properties?: { readonly authSchemes?: readonly { readonly signingRegion?: string }[] };
  };
  readonly accountIdEndpointMode?: () => Promise<string>;
  useDualstackEndpoint(): Promise<boolean>;
  retryStrategy(): Promise<object>;
  disableClockSkewCorrection?(): Promise<boolean>;
  /** How many ms the clock of AWS is ahead of ours. The client and the calls beside it correct it together. */
  systemClockOffset: number;
}

/**
 * The place that the client itself would call. The client asks for it before every call, but the answer changes only with the
 * account.
 *
 * @param resource the name or the ARN of the table, because a client for DynamoDB may have an endpoint for each account
 */
export async function endpointOf(
  settings: ServiceSettings,
  accountId: string | undefined,
  resource: string | undefined,
): Promise<ServiceEndpoint> {
  const [Region, UseFIPS, UseDualStack, Endpoint, AccountIdEndpointMode] = await Promise.all([
    settings.region(),
    settings.useFipsEndpoint(),
    settings.useDualstackEndpoint(),
    configuredEndpoint(settings),
    settings.accountIdEndpointMode?.(),
  ]);
  const { url, properties } = settings.endpointProvider({
    Region,
    UseFIPS,
    UseDualStack,
    Endpoint,
    ...(AccountIdEndpointMode !== undefined && { AccountIdEndpointMode, AccountId: accountId, ResourceArn: resource }),
  });
  return {
    origin: url.origin,
    host: url.host,
    path: url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`,
    signingRegion: properties?.authSchemes?.[0]?.signingRegion ?? Region,
  };
}

async function configuredEndpoint(settings: ServiceSettings): Promise<string | undefined> {
  if (settings.isCustomEndpoint !== true) {
    return settings.ignoreConfiguredEndpointUrls ? undefined : settings.serviceConfiguredEndpoint?.();
  }
  const { protocol, hostname, port, path } = (await settings.endpoint?.()) ?? { protocol: '', hostname: '', path: '' };
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`;
}
