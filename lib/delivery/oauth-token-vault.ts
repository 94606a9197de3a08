import type { OAuthCredentials } from '../core/connection-secret.ts';
import { Failure } from '../core/failure.ts';
import type { SealBinding, TokenContent } from '../core/token-seal.ts';
import { deriveTokenKey, nonceBytes, openToken, sealToken } from '../core/token-seal.ts';
import type { RandomBytes, SecretReader } from '../ports.ts';

export interface TokenVaultDependencies {
  readonly secrets: SecretReader;
  readonly rootSecretArn: string;
  readonly randomBytes: RandomBytes;
}

/** Seals and opens the tokens of one connection. */
export interface TokenVault {
  seal(content: TokenContent, binding: SealBinding): Uint8Array;
  open(sealed: Uint8Array, binding: SealBinding): TokenContent | undefined;
}

/**
 * Failure policy: the root secret is read once in the life of a worker. When it is replaced, older and newer workers do
 * not open each other's tokens and obtain their own until the older ones are gone; nobody sends a wrong one.
 *
 * @throws Failure SecretNotFound when the stack has no root secret, or what the secret store throws; neither is kept
 */
export function createTokenVaults(
  dependencies: TokenVaultDependencies,
): (credentials: OAuthCredentials) => Promise<TokenVault> {
  const { secrets, rootSecretArn, randomBytes } = dependencies;
  let rootSecret: Promise<string> | undefined;

  async function readRootSecret(): Promise<string> {
    const value = await secrets.read(rootSecretArn, 'AWSCURRENT');
    if (value !== undefined && value.text !== '') return value.text;
    throw new Failure('SecretNotFound', 'The root secret of the stack does not exist or is empty.');
  }

  return async (credentials) => {
    rootSecret ??= readRootSecret().catch((error: unknown) => {
      rootSecret = undefined;
      throw error;
    });
    const key = deriveTokenKey(await rootSecret, credentials.clientSecret);
    return {
      seal: (content, binding) => sealToken(key, content, binding, randomBytes(nonceBytes)),
      open: (sealed, binding) => openToken(key, sealed, binding),
    };
  };
}
