import { authorizationHeaders } from '../core/authorization-header.ts';
import { classifyAnswer, classifyFailure } from '../core/classify.ts';
import type { AttemptOutcome, AuthorizedRequest, Delivery, HttpAnswer } from '../core/delivery.ts';
import { Failure } from '../core/failure.ts';
import { renderInvocation } from '../core/render-invocation.ts';
import type { Clock, HttpClient } from '../ports.ts';
import type { Deadline } from './deadline.ts';
import { requireTime } from './deadline.ts';
import type { AccessToken, OAuthTokens } from './oauth-token.ts';
import type { Resolver, Route } from './resolve.ts';

export interface AttemptDependencies {
  readonly resolver: Resolver;
  readonly tokens: OAuthTokens;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly userAgent: string;
}

/** One attempt: resolve, render, authorize and send. Resolves with an outcome for every failure of the table. */
export type Attempt = (delivery: Delivery, deadline: Deadline) => Promise<AttemptOutcome>;

/** A route with the token to take it; none without OAuth. */
interface Authorized {
  readonly route: Route;
  readonly token: AccessToken | undefined;
}

export function createAttempt(dependencies: AttemptDependencies): Attempt {
  const { resolver, tokens, http, clock, userAgent } = dependencies;

  async function authorize(delivery: Delivery, signal: AbortSignal): Promise<Authorized> {
    const route = await resolver.resolve(delivery.apiDestination);
    try {
      return { route, token: await tokenFor(route, { signal }) };
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'CredentialsChanged')) throw error;
      const changed = await resolver.resolveAnew(delivery.apiDestination);
      return { route: changed, token: await tokenFor(changed, { signal, justRead: true }) };
    }
  }

  async function tokenFor(route: Route, options: Parameters<OAuthTokens['tokenFor']>[2]) {
    const { credentials } = route.secret;
    if (credentials.authorizationType !== 'OAUTH_CLIENT_CREDENTIALS') return undefined;
    return tokens.tokenFor(route.connection, credentials, options);
  }

  async function send(delivery: Delivery, authorized: Authorized, deadline: Deadline): Promise<HttpAnswer> {
    const { route, token } = authorized;
    const { timeoutMs, transport } = route.policy;
    const rendered = renderInvocation({ delivery, ...route }, { userAgent });
    const headers = { ...rendered.headers, ...authorizationHeaders(route.secret.credentials, token) };
    const request: AuthorizedRequest = { ...rendered, stage: 'authorized', headers };
    requireTime(deadline, timeoutMs, clock.nowMs());
    return http.send(request, { timeoutMs, transport, signal: deadline.signal, readSuccessBody: false });
  }

  /**
   * After a 401 or 407 the connection is read past the cache: its credentials may have been changed, or a token may have
   * been revoked before its time.
   *
   * @returns undefined when there is nothing newer to be authorized with
   */
  async function authorizeAnew(
    delivery: Delivery,
    refused: Authorized,
    signal: AbortSignal,
  ): Promise<Authorized | undefined> {
    const route = await resolver.resolveAnew(delivery.apiDestination);
    const options = { signal, justRead: true };
    if (route.connection.secretVersion !== refused.route.connection.secretVersion) {
      return { route, token: await tokenFor(route, options) };
    }
    const { credentials } = route.secret;
    if (credentials.authorizationType !== 'OAUTH_CLIENT_CREDENTIALS' || refused.token === undefined) return undefined;
    const token = await tokens.renew(route.connection, credentials, refused.token.generation, options);
    return token === undefined ? undefined : { route, token };
  }

  async function attempt(delivery: Delivery, deadline: Deadline): Promise<AttemptOutcome> {
    const authorized = await authorize(delivery, deadline.signal);
    const answer = await send(delivery, authorized, deadline);
    const renewed = isUnauthorized(answer.status)
      ? await authorizeAnew(delivery, authorized, deadline.signal)
      : undefined;
    if (renewed === undefined) return classifyAnswer(answer, authorized.route.policy, clock.nowMs());
    return classifyAnswer(await send(delivery, renewed, deadline), renewed.route.policy, clock.nowMs());
  }

  return async (delivery, deadline) => {
    try {
      return await attempt(delivery, deadline);
    } catch (error) {
      if (error instanceof Failure) return classifyFailure(error);
      throw error;
    }
  };
}

function isUnauthorized(status: number): boolean {
  return status === 401 || status === 407;
}
