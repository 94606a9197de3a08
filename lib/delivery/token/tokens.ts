import type { Connection } from '../../core/destination/connection.ts';
import type { OAuthCredentials } from '../../core/destination/connection-secret.ts';
import { Failure } from '../../core/failure/failure.ts';
import { createSingleFlight } from '../single-flight.ts';
import type { TokenNeed, TokenRenewalDependencies } from './renewal.ts';
import { createTokenRenewal } from './renewal.ts';
import type { TokenRequestDependencies } from './request.ts';
import { createTokenRequest } from './request.ts';
import type { AccessToken, TokenVaultDependencies } from './fleet-token.ts';
import { createTokenVaults } from './fleet-token.ts';
import { createWorkerSearch } from './worker-search.ts';
import { createWorkerTokens } from './worker-tokens.ts';

export interface TokenOptions {
  readonly signal: AbortSignal;
  /**
   * Whether connection and secret were read from their stores for this call. If not, and the token in the table belongs to
   * another secret version than `connection.secretVersion`, the call throws a Failure CredentialsChanged. The caller must then
   * read both again and ask once more. Default false.
   */
  readonly justRead?: boolean;
  /**
   * Whether the call is for the connection and not for a delivery. It then makes a token request even during a pause, and waits
   * for the request of another worker. Default false.
   */
  readonly isAuthorization?: boolean;
}

export interface OAuthTokens {
  /**
   * Returns a token that is not about to expire, or that was obtained for this call. A call that finds a token in
   * memory reads no store. If the connection is AUTHORIZING, it is AUTHORIZED when the promise resolves.
   *
   * @throws Failure ConnectionDeauthorized when the token endpoint refused the credentials and the connection was
   * deauthorized; TokenRefused when the endpoint refused the credentials but they have been changed meanwhile;
   * CredentialsChanged, TokenUnavailable, TokenInvalid, InvalidSecret, SecretNotFound, StoreUnavailable, StoreRefused or
   * OutOfTime. `returnAfterMs` is set when the delivery waits for the token of the fleet.
   */
  tokenFor(connection: Connection, credentials: OAuthCredentials, options: TokenOptions): Promise<AccessToken>;
  /**
   * Returns a token other than the one that got a 401 or 407. Returns undefined when the rejected token is so young that the
   * refusal has another reason than its age. The request must then not be sent again.
   */
  renew(
    connection: Connection,
    credentials: OAuthCredentials,
    rejectedGeneration: number,
    options: TokenOptions,
  ): Promise<AccessToken | undefined>;
}

export type OAuthTokenDependencies = TokenVaultDependencies &
  TokenRequestDependencies &
  Omit<TokenRenewalDependencies, 'openVault' | 'requestToken'>;

/** Finds and renews the tokens of connections, which the workers of the fleet share through the table. */
export function createOAuthTokens(dependencies: OAuthTokenDependencies): OAuthTokens {
  const { clock, random, states } = dependencies;
  const openVault = createTokenVaults(dependencies);
  const requestToken = createTokenRequest(dependencies);
  const search = createTokenRenewal({ ...dependencies, openVault, requestToken });
  const tokens = createWorkerTokens(createWorkerSearch({ ...dependencies, search }), clock, random);
  const marks = createSingleFlight<void>();

  async function markAuthorized({ name, incarnation, secretVersion = '' }: Connection): Promise<void> {
    const state = 'AUTHORIZED';
    if (await states.change({ name, incarnation, secretVersion, state, nowMs: clock.nowMs() })) return;
    throw new Failure('CredentialsChanged', `The credentials of connection '${name}' have changed.`);
  }

  return {
    async tokenFor(connection, credentials, options) {
      const token = await tokens.find(needOf(connection, credentials, options), options.signal);
      if (connection.state === 'AUTHORIZING') {
        const key = `${connection.incarnation} ${connection.secretVersion}`;
        await marks.run(key, () => markAuthorized(connection), options.signal);
      }
      return token;
    },
    async renew(connection, credentials, rejectedGeneration, options) {
      return tokens.replace(needOf(connection, credentials, options), rejectedGeneration, options.signal);
    },
  };
}

/** @throws Failure SecretNotFound when the connection names no secret version */
function needOf(
  connection: Connection,
  credentials: OAuthCredentials,
  { justRead = false, isAuthorization = false }: TokenOptions,
): TokenNeed {
  const { secretVersion } = connection;
  if (secretVersion !== undefined) return { connection, credentials, secretVersion, justRead, isAuthorization };
  throw new Failure('SecretNotFound', `Connection '${connection.name}' has no secret.`);
}
