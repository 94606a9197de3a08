import type { ApiDestination } from '../../core/destination/api-destination.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import { Failure } from '../../core/failure/failure.ts';
import { BoundedMap } from '../../core/input/bounded-map.ts';
import type { WebhookConsent } from '../../core/request/webhook-handshake.ts';
import { consentIn, handshakeRequest } from '../../core/request/webhook-handshake.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient, HttpResult } from '../../ports/delivery.ts';
import { createSingleFlight } from '../single-flight.ts';

/** How long the consent of an endpoint counts. Then each worker asks again, so that another rate takes effect. */
const consentMs = 3_600_000;
/** How long a worker that was refused does not ask again. */
const refusalMs = 60_000;
/** How long a worker does not ask again after a failure of the network. Otherwise each waiting event would ask. */
const failureMs = 5000;
/** More endpoints than this are asked more often. */
const maxEndpoints = 1000;

export interface HandshakeDependencies {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly userAgent: string;
}

/**
 * The destination with the rate that its endpoint allows.
 *
 * Failure policy: without the consent of the endpoint nothing is sent. A refusal is retryable, because the owner of the endpoint
 * may still consent; the events wait until their age limit. After a failure of the network, all events of the next seconds fail
 * for the same reason. A reason that is permanent, such as an address that may not be called, holds for all of them anyway.
 *
 * @throws Failure HandshakeRefused, or a failure of the network
 */
export type Handshake = (route: ResolvedDestination) => Promise<ResolvedDestination>;

interface Answered {
  readonly consent: WebhookConsent | Failure;
  readonly untilMs: number;
}

export function createHandshake({ http, clock, userAgent }: HandshakeDependencies): Handshake {
  const answers = new BoundedMap<string, Answered>(maxEndpoints);
  const flight = createSingleFlight<Answered>();
  const limited = new WeakMap<ApiDestination, ApiDestination>();

  async function ask(route: ResolvedDestination, origin: string, signal: AbortSignal): Promise<Answered> {
    const { apiDestination, transport, policy } = route;
    const request = handshakeRequest(apiDestination, origin, userAgent);
    let result: HttpResult;
    try {
      result = await http.send(request, { timeoutMs: policy.timeoutMs, transport, signal, readSuccessBody: false });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return unasked(error);
    }
    if (result.kind !== 'answer')
      return unasked(new Failure('ConnectionReset', 'The connection ended before an answer.'));
    try {
      return { consent: consentIn(result.answer, origin), untilMs: clock.nowMs() + consentMs };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { consent: error, untilMs: clock.nowMs() + refusalMs };
    }
  }

  function unasked({ code, message, cause }: Failure): Answered {
    const reason = `The endpoint could not be asked for its consent (OPTIONS), and is asked again after ${failureMs / 1000} s: ${message}`;
    return { consent: new Failure(code, reason, { cause }), untilMs: clock.nowMs() + failureMs };
  }

  /** The same object for the same consent, so that what is cached by destination stays cached. */
  function withCeiling(apiDestination: ApiDestination, ratePerSecond: number): ApiDestination {
    const known = limited.get(apiDestination);
    if (known?.invocationRateLimitPerSecond === ratePerSecond) return known;
    const made = { ...apiDestination, invocationRateLimitPerSecond: ratePerSecond };
    limited.set(apiDestination, made);
    return made;
  }

  return async (route) => {
    const { apiDestination, policy } = route;
    const origin = policy.webhookRequestOrigin;
    if (origin === undefined) return route;
    const key = `${apiDestination.incarnation} ${apiDestination.revision} ${origin}`;
    let answered = answers.get(key);
    if (answered === undefined || answered.untilMs <= clock.nowMs()) {
      answered = await flight.run(key, (signal) => ask(route, origin, signal));
      answers.set(key, answered);
    }
    if (answered.consent instanceof Failure) throw answered.consent;
    const { ratePerSecond } = answered.consent;
    const configured = policy.invocationRateLimit === 'NONE' ? undefined : apiDestination.invocationRateLimitPerSecond;
    if (ratePerSecond === undefined || ratePerSecond >= (configured ?? Number.POSITIVE_INFINITY)) return route;
    const { invocationRateLimit: _none, ...limitedPolicy } = policy;
    return { ...route, apiDestination: withCeiling(apiDestination, ratePerSecond), policy: limitedPolicy };
  };
}
