import type { Connection } from '../core/connection.ts';
import type { OAuthCredentials } from '../core/connection-secret.ts';

/** What a request is authorized with: `<tokenType> <accessToken>`. */
export interface AccessToken {
  readonly accessToken: string;
  readonly tokenType: string;
  /** What a 401 refers to when a token is to be renewed. */
  readonly generation: number;
}

export interface TokenOptions {
  readonly signal: AbortSignal;
  /**
   * Whether connection and secret were read from their stores for this very call. Otherwise a token that was obtained
   * with another secret version than `connection.secretVersion` throws a Failure CredentialsChanged: read both again
   * and ask once more. Default false.
   */
  readonly justRead?: boolean;
}

export interface OAuthTokens {
  /** A token that is valid for 60 s more, or was obtained for this call. A warm call touches nothing. */
  tokenFor(connection: Connection, credentials: OAuthCredentials, options: TokenOptions): Promise<AccessToken>;
  /**
   * Another token than the one that a 401 or 407 rejected. Undefined: that one is younger than 60 s, so its age is not
   * why it was rejected; do not send the request again.
   */
  renew(
    connection: Connection,
    credentials: OAuthCredentials,
    rejectedGeneration: number,
    options: TokenOptions,
  ): Promise<AccessToken | undefined>;
}
