import type { Connection } from '../../core/destination/connection.ts';
import type { OAuthCredentials } from '../../core/destination/connection-secret.ts';
import type { HttpAnswer } from '../../core/delivery/delivery.ts';
import { maskedText } from '../../core/delivery/masked-answer.ts';
import { defaultTransport } from '../../core/destination/delivery-policy.ts';
import type { FailureCode } from '../../core/failure/failure.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { ObtainedToken } from '../../core/token/answer.ts';
import { parseTokenAnswer } from '../../core/token/answer.ts';
import { tokenRequest } from '../../core/token/request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionStates } from '../../ports/token.ts';
import type { HttpClient, HttpResult } from '../../ports/delivery.ts';

/** The connection that needs a token, and the credentials that obtain it. */
export interface TokenOwner {
  readonly connection: Connection;
  readonly credentials: OAuthCredentials;
  readonly secretVersion: string;
}

export interface TokenRequestDependencies {
  readonly http: HttpClient;
  readonly states: Pick<ConnectionStates, 'change'>;
  readonly clock: Clock;
  readonly userAgent: string;
}

export type RequestToken = (owner: TokenOwner, timeoutMs: number, signal: AbortSignal) => Promise<ObtainedToken>;

const networkFailures: ReadonlySet<FailureCode> = new Set([
  'DnsFailed',
  'ConnectionRefused',
  'ConnectionFailed',
  'ConnectionReset',
  'TlsFailed',
  'AnswerInvalid',
  'TimedOut',
]);

/**
 * Makes one request to the token endpoint, and deauthorizes the connection when the endpoint refuses.
 *
 * Failure policy: the write that deauthorizes succeeds only while the connection still names the refused secret version.
 * Otherwise the credentials were changed meanwhile, and the failure stays retryable. It also stays retryable when the write
 * fails, because the next attempt will be refused again.
 */
export function createTokenRequest(dependencies: TokenRequestDependencies): RequestToken {
  const { http, states, clock, userAgent } = dependencies;

  async function deauthorized(owner: TokenOwner, refusal: Failure): Promise<Failure> {
    const { name, incarnation } = owner.connection;
    const changed = await states.change({
      name,
      incarnation,
      secretVersion: owner.secretVersion,
      state: 'DEAUTHORIZED',
      stateReason: refusal.message,
      nowMs: clock.nowMs(),
    });
    if (!changed) return refusal;
    return new Failure('ConnectionDeauthorized', `Connection '${name}' is deauthorized: ${refusal.message}`, {
      cause: refusal,
    });
  }

  return async (owner, timeoutMs, signal) => {
    const request = tokenRequest(owner.credentials, userAgent);
    const exchange = { timeoutMs, signal, transport: defaultTransport, readSuccessBody: true };
    const answer = await sendTwiceAtMost(() => http.send(request, exchange)).catch(throwUnavailable);
    try {
      return parseTokenAnswer(answer, clock.nowMs(), (text) => maskedText(text, { credentials: owner.credentials }));
    } catch (error) {
      if (error instanceof Failure && error.code === 'TokenRefused') throw await deauthorized(owner, error);
      throw error;
    }
  };
}

/** Sends the request once more if a kept-alive connection turns out to be dead. A token request may safely be repeated. */
async function sendTwiceAtMost(send: () => Promise<HttpResult>): Promise<HttpAnswer> {
  for (let requests = 0; requests < 2; requests += 1) {
    const result = await send();
    if (result.kind === 'answer') return result.answer;
  }
  throw new Failure('ConnectionReset', 'The connection ended before an answer, for the second time.');
}

function throwUnavailable(error: unknown): HttpAnswer {
  if (error instanceof Failure && networkFailures.has(error.code)) {
    throw new Failure('TokenUnavailable', `The token endpoint did not answer: ${error.message}`, { cause: error });
  }
  throw error;
}
