import type { OAuthCredentials } from '../../core/destination/connection-secret.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { SealBinding, TokenContent } from '../../core/token/seal.ts';
import { deriveTokenKey, nonceBytes, openToken, sealToken } from '../../core/token/seal.ts';
import type { RandomBytes } from '../../ports/clock.ts';
import type { SecretReader } from '../../ports/delivery.ts';
import type { StoredToken } from '../../ports/token.ts';

/** What a request is authorized with: `<tokenType> <accessToken>`. */
export interface AccessToken {
  readonly accessToken: string;
  readonly tokenType: string;
  /** What a 401 refers to when a token is to be renewed. */
  readonly generation: number;
}

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

/** A token with its times, as a worker holds it. */
export interface HeldToken extends AccessToken {
  /** Absent: serves until a 401. */
  readonly expiresAtMs?: number;
  readonly obtainedAtMs: number;
}

type Times = Pick<HeldToken, 'expiresAtMs' | 'obtainedAtMs'>;

/** A token is renewed when it ends within this time. Source: EventBridge user guide. */
const renewalMarginMs = 60_000;

/** A 401 for a token younger than this is not about its age: another one would be rejected too. */
const youngMs = 60_000;

export function hasEnded({ expiresAtMs }: Times, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

export function isEnding({ expiresAtMs }: Times, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs - renewalMarginMs <= nowMs;
}

export function isYoung(token: Times, nowMs: number): boolean {
  return nowMs - token.obtainedAtMs < youngMs && !hasEnded(token, nowMs);
}

export interface TokenQuestion {
  readonly secretVersion: string;
  /** Whether that version was in force a moment before the table was first looked at. */
  readonly justRead: boolean;
  /** What the table held at the first look; 0 for nothing. Another generation has been obtained since. */
  readonly firstGeneration: number;
  readonly rejectedGeneration?: number;
}

export type TokenVerdict =
  | { readonly kind: 'serves'; readonly token: HeldToken }
  /** The token there was obtained with another secret version, and ours may be the older one. */
  | { readonly kind: 'credentials-changed' }
  /** Another worker is at it. */
  | { readonly kind: 'renewing'; readonly untilMs: number }
  | { readonly kind: 'due' };

/**
 * What the table's token means to a worker that needs one.
 *
 * Failure policy: a token that ends within 60 s still serves if it was obtained while this worker waited for it, or an
 * endpoint that gives such tokens would be asked without end. A token of another secret version is replaced only on
 * the word of a connection that was just read, and not if it came after that.
 *
 * @param opened the token there, if it opens with this worker's key
 */
export function judgeToken(
  stored: StoredToken | undefined,
  opened: HeldToken | undefined,
  question: TokenQuestion,
  nowMs: number,
): TokenVerdict {
  if (stored === undefined) return { kind: 'due' };
  const isNew = stored.generation !== question.firstGeneration;
  if (stored.sealed !== undefined && stored.secretVersion !== question.secretVersion) {
    if (isNew || !question.justRead) return { kind: 'credentials-changed' };
  } else if (opened !== undefined && serves(opened, isNew, question.rejectedGeneration, nowMs)) {
    return { kind: 'serves', token: opened };
  }
  const { leaseHolder, leaseUntilMs } = stored;
  if (leaseHolder === undefined || leaseUntilMs === undefined || leaseUntilMs <= nowMs) return { kind: 'due' };
  return { kind: 'renewing', untilMs: leaseUntilMs };
}

function serves(token: HeldToken, isNew: boolean, rejectedGeneration: number | undefined, nowMs: number): boolean {
  if (token.generation === rejectedGeneration) return isYoung(token, nowMs);
  return isNew ? !hasEnded(token, nowMs) : !isEnding(token, nowMs);
}
