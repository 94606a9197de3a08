import { authorizationHeaderName, authorizationHeaders } from '../../core/request/authorization-header.ts';
import type { AuthorizedRequest, Delivery } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import { renderInvocation } from '../../core/request/render-invocation.ts';
import { isExpired, retryPolicyOf } from '../../core/delivery/retry.ts';
import type { Signing } from '../../core/request/signing.ts';
import { isSignatureHeader, messageId } from '../../core/request/signing.ts';
import { isUnauthorized } from '../../core/destination/unauthorized-run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AccessToken } from '../token/fleet-token.ts';
import type { OAuthTokens, TokenOptions } from '../token/tokens.ts';
import { inTime } from '../in-time.ts';
import type { Resolver } from './resolver.ts';
import type { Transforming } from './transforming.ts';
import { transformerOf } from './transforming.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';

/** A request after the authorize stage, ready to be sent, and its destination. */
export interface Prepared {
  readonly destination: ResolvedDestination;
  readonly request: AuthorizedRequest;
  /** Absent when the connection does not use OAuth. */
  readonly token: AccessToken | undefined;
  /** Keys for the signature, which is made when the request is sent; absent when requests are not signed. */
  readonly signing?: Signing;
}

export interface PreparationDependencies {
  readonly resolver: Resolver;
  readonly tokens: OAuthTokens;
  readonly transform: Transforming;
  readonly userAgent: string;
  readonly clock: Pick<Clock, 'nowMs'>;
}

export interface Preparation {
  /** Resolves the destination, renders the request and authorizes it. */
  current(delivery: Delivery, signal: AbortSignal): Promise<Prepared>;
  /** The result of `current` when it needs no store and no token; undefined otherwise. */
  cached(delivery: Delivery, signal: AbortSignal): Prepared | undefined;
  /**
   * Called after an answer that refuses the credentials or rejects the request. If the configuration has changed, builds the
   * request again and returns it. If nothing has changed, returns only the destination.
   *
   * @param status undefined when nothing was sent, because the address is not allowed
   */
  fresh(
    delivery: Delivery,
    sent: Prepared,
    status: number | undefined,
    signal: AbortSignal,
  ): Promise<Prepared | ResolvedDestination>;
}

/**
 * Failure policy: a cache never decides that a failure is permanent. When a request cannot be built, or the endpoint rejects
 * it for good, destination and connection are read past the cache. If they have changed, the request is built once more. If
 * they cannot be read, the delivery stays retryable. If the read after a 401 fails, the outcome is the 401, which is retryable
 * too.
 *
 * Failure policy: a delivery that waits for a store gives up when the time for settling begins, even if the store's own timeout
 * is longer. Otherwise the delivery would not be settled, and would come back and send its requests again. The read itself goes
 * on for other deliveries that wait for it.
 */
export function createPreparation({
  resolver,
  tokens,
  transform,
  userAgent,
  clock,
}: PreparationDependencies): Preparation {
  async function make(delivery: Delivery, route: ResolvedDestination, options: TokenOptions): Promise<Prepared> {
    const { credentials } = route.secret;
    const token =
      credentials.authorizationType === 'OAUTH_CLIENT_CREDENTIALS'
        ? await tokens.tokenFor(route.connection, credentials, options)
        : undefined;
    return prepared(await transform(delivery, route, options.signal), route, token);
  }

  function prepared(delivery: Delivery, route: ResolvedDestination, token: AccessToken | undefined): Prepared {
    const rendered = renderInvocation(delivery, route, { userAgent });
    const headers = { ...rendered.headers, ...authorizationHeaders(route.secret.credentials, token) };
    const request: AuthorizedRequest = { ...rendered, stage: 'authorized', headers };
    const signing = signingOf(delivery, route);
    return signing === undefined
      ? { destination: route, token, request }
      : { destination: route, token, request, signing };
  }

  async function reauthorize(delivery: Delivery, sent: Prepared, route: ResolvedDestination, signal: AbortSignal) {
    const { credentials } = route.secret;
    const options = { signal, justRead: true };
    if (hasOtherSecrets(sent.destination, route)) return make(delivery, route, options);
    if (credentials.authorizationType !== 'OAUTH_CLIENT_CREDENTIALS' || sent.token === undefined) return route;
    const token = await tokens.renew(route.connection, credentials, sent.token.generation, options);
    return token === undefined ? route : prepared(await transform(delivery, route, signal), route, token);
  }

  return {
    cached(delivery, signal) {
      const route = signal.aborted ? undefined : resolver.cached(delivery.apiDestination);
      if (route === undefined || needsToken(route) || transformerOf(delivery, route) !== undefined) return undefined;
      try {
        requireYoung(delivery, route, clock.nowMs());
        return prepared(delivery, route, undefined);
      } catch (error) {
        // `current` reads past the cache before it reports this failure.
        if (error instanceof Failure) return undefined;
        throw error;
      }
    },

    async current(delivery, signal) {
      const route = await inTime(() => resolver.current(delivery.apiDestination), signal);
      try {
        requireYoung(delivery, route, clock.nowMs());
        return await make(delivery, route, { signal });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.code !== 'CredentialsChanged' && error.kind !== 'permanent') throw error;
        const anew = await inTime(() => resolver.fresh(delivery.apiDestination), signal);
        if (error.kind === 'permanent' && !hasChanged(route, anew)) throw error;
        requireYoung(delivery, anew, clock.nowMs());
        return make(delivery, anew, { signal, justRead: true });
      }
    },

    async fresh(delivery, sent, status, signal) {
      const reading = inTime(() => resolver.fresh(delivery.apiDestination), signal);
      if (status !== undefined && isUnauthorized(status)) {
        const route = await reading.catch(unlessUnavailable);
        return route === undefined ? sent.destination : reauthorize(delivery, sent, route, signal);
      }
      const route = await reading;
      return hasChanged(sent.destination, route) ? make(delivery, route, { signal, justRead: true }) : route;
    },
  };
}

/**
 * @throws Failure EventExpired when the event is older than the limit of its target or, if the target sets none, of the
 * destination's policy
 */
function requireYoung(delivery: Delivery, route: ResolvedDestination, nowMs: number): void {
  const policy = retryPolicyOf(delivery.target, route.policy.retryPolicy);
  if (!isExpired(policy, delivery, nowMs)) return;
  throw new Failure('EventExpired', `The event is older than ${policy.maximumEventAgeMs / 1000} s.`);
}

/**
 * @throws Failure InvalidInvocation when the header of the API key is also a header of the signature: the key would never be
 * sent
 */
function signingOf(
  delivery: Delivery,
  { signingKeys, apiDestination, secret }: ResolvedDestination,
): Signing | undefined {
  if (signingKeys === undefined) return undefined;
  const authorizationName = authorizationHeaderName(secret.credentials);
  if (isSignatureHeader(authorizationName)) {
    throw new Failure(
      'InvalidInvocation',
      `The header ${authorizationName} holds the signature of a signed request, so it cannot carry the API key.`,
    );
  }
  return { keys: signingKeys, messageId: messageId(delivery, apiDestination.name) };
}

function needsToken({ secret }: ResolvedDestination): boolean {
  return secret.credentials.authorizationType === 'OAUTH_CLIENT_CREDENTIALS';
}

function hasChanged(before: ResolvedDestination, after: ResolvedDestination): boolean {
  return (
    before.apiDestination.arn !== after.apiDestination.arn ||
    before.apiDestination.revision !== after.apiDestination.revision ||
    before.connection.arn !== after.connection.arn ||
    hasOtherSecrets(before, after)
  );
}

/** Whether the credentials, signing keys or certificates of the two differ. */
function hasOtherSecrets(before: ResolvedDestination, after: ResolvedDestination): boolean {
  return before.connection.secretVersion !== after.connection.secretVersion || before.versions !== after.versions;
}

function unlessUnavailable(error: unknown): undefined {
  if (error instanceof Failure && (error.code === 'StoreUnavailable' || error.code === 'OutOfTime')) return undefined;
  throw error;
}
