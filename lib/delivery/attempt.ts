import { authorizationHeaders } from '../core/authorization-header.ts';
import { classifyAnswer, classifyFailure } from '../core/classify.ts';
import type { AttemptOutcome, AuthorizedRequest, Delivery, HttpAnswer } from '../core/delivery.ts';
import { Failure } from '../core/failure.ts';
import { renderInvocation } from '../core/render-invocation.ts';
import { isUnauthorized } from '../core/unauthorized-run.ts';
import type { Clock, HttpClient } from '../ports.ts';
import type { Deadline } from './deadline.ts';
import { requireTime } from './deadline.ts';
import type { AccessToken, OAuthTokens } from './oauth-token.ts';
import type { Resolver, Route } from './resolve.ts';
import type { ObserveAnswer } from './unauthorized-runs.ts';

export interface AttemptDependencies {
  readonly resolver: Resolver;
  readonly tokens: OAuthTokens;
  readonly http: HttpClient;
  readonly observeAnswer: ObserveAnswer;
  readonly clock: Clock;
  readonly userAgent: string;
}

export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  /** Absent when the delivery failed before it was resolved. */
  readonly route?: Route;
  /** Whether a request was begun: only then it was an attempt. */
  readonly requested: boolean;
}

/** Resolves, renders, authorizes and sends. Resolves with an outcome for every failure of the table. */
export type Attempt = (delivery: Delivery, deadline: Deadline) => Promise<AttemptResult>;

/** How far one attempt has come. */
interface Progress {
  route?: Route;
  token?: AccessToken | undefined;
  requested: boolean;
}

interface TimedAnswer extends HttpAnswer {
  readonly requestedAtMs: number;
}

export function createAttempt(dependencies: AttemptDependencies): Attempt {
  const { resolver, tokens, http, observeAnswer, clock, userAgent } = dependencies;

  async function authorize(delivery: Delivery, progress: Progress, signal: AbortSignal): Promise<Route> {
    progress.route = await resolver.resolve(delivery.apiDestination);
    try {
      progress.token = await tokenFor(progress.route, { signal });
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'CredentialsChanged')) throw error;
      progress.route = await resolver.resolveAnew(delivery.apiDestination);
      progress.token = await tokenFor(progress.route, { signal, justRead: true });
    }
    return progress.route;
  }

  async function tokenFor(route: Route, options: Parameters<OAuthTokens['tokenFor']>[2]) {
    const { credentials } = route.secret;
    if (credentials.authorizationType !== 'OAUTH_CLIENT_CREDENTIALS') return undefined;
    return tokens.tokenFor(route.connection, credentials, options);
  }

  async function send(delivery: Delivery, route: Route, progress: Progress, deadline: Deadline): Promise<TimedAnswer> {
    const { timeoutMs, transport } = route.policy;
    const rendered = renderInvocation({ delivery, ...route }, { userAgent });
    const headers = { ...rendered.headers, ...authorizationHeaders(route.secret.credentials, progress.token) };
    const request: AuthorizedRequest = { ...rendered, stage: 'authorized', headers };
    const requestedAtMs = clock.nowMs();
    requireTime(deadline, timeoutMs, requestedAtMs);
    progress.requested = true;
    const answer = await http.send(request, { timeoutMs, transport, signal: deadline.signal, readSuccessBody: false });
    return { ...answer, requestedAtMs };
  }

  /**
   * After a 401 or 407 the connection is read past the cache: its credentials may have been changed, or a token may have
   * been revoked before its time.
   *
   * @returns undefined when there is nothing newer to be authorized with
   */
  async function authorizeAnew(
    delivery: Delivery,
    refused: Route,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Route | undefined> {
    const route = await resolver.resolveAnew(delivery.apiDestination);
    const rejected = progress.token;
    const options = { signal, justRead: true };
    progress.route = route;
    if (route.connection.secretVersion !== refused.connection.secretVersion) {
      progress.token = await tokenFor(route, options);
      return route;
    }
    const { credentials } = route.secret;
    if (credentials.authorizationType !== 'OAUTH_CLIENT_CREDENTIALS' || rejected === undefined) return undefined;
    progress.token = await tokens.renew(route.connection, credentials, rejected.generation, options);
    return progress.token === undefined ? undefined : route;
  }

  async function attempt(delivery: Delivery, progress: Progress, deadline: Deadline): Promise<AttemptOutcome> {
    const first = await authorize(delivery, progress, deadline.signal);
    let answer = await send(delivery, first, progress, deadline);
    if (isUnauthorized(answer.status)) {
      const renewed = await authorizeAnew(delivery, first, progress, deadline.signal);
      if (renewed !== undefined) answer = await send(delivery, renewed, progress, deadline);
    }
    const { route = first } = progress;
    const outcome = classifyAnswer(answer, route.policy, clock.nowMs());
    await observeAnswer(route, answer);
    return outcome;
  }

  return async (delivery, deadline) => {
    const progress: Progress = { requested: false };
    const outcome = await attempt(delivery, progress, deadline).catch((error: unknown) => {
      if (error instanceof Failure) return classifyFailure(error);
      throw error;
    });
    const { route, requested } = progress;
    return { outcome, requested, ...(route === undefined ? undefined : { route }) };
  };
}
