import type { OAuthCredentials } from '../../core/destination/connection-secret.ts';
import type { SealBinding, TokenContent } from '../../core/token/seal.ts';
import type { TokenPause } from '../../core/token/pause.ts';
import { isPaused } from '../../core/token/pause.ts';
import { deriveTokenKey, nonceBytes, openToken, sealToken } from '../../core/token/seal.ts';
import type { RandomBytes } from '../../ports/clock.ts';
import type { SecretReader } from '../../ports/delivery.ts';
import type { StoredToken } from '../../ports/token.ts';
import { rootSecretOf } from '../root-secret.ts';

/** The token that authorizes a request. */
export interface AccessToken {
  readonly accessToken: string;
  /** Identifies the token that a 401 rejected, for `renew`. */
  readonly generation: number;
}

/** A token with its times, as a worker keeps it in memory. */
export interface HeldToken extends AccessToken {
  /** Absent when the token is valid until a 401. */
  readonly expiresAtMs?: number;
  readonly obtainedAtMs: number;
}

export interface TokenVaultDependencies {
  readonly secrets: SecretReader;
  readonly rootSecretArn: string;
  readonly randomBytes: RandomBytes;
}

/** Encrypts ("seals") and decrypts ("opens") the tokens of one connection. */
export interface TokenVault {
  seal(content: TokenContent, binding: SealBinding): Uint8Array;
  open(sealed: Uint8Array, binding: SealBinding): TokenContent | undefined;
}

/**
 * Failure policy: a worker reads the root secret only once. After the root secret has been replaced, older and newer workers
 * cannot open each other's tokens. Each of the two groups then obtains tokens of its own until the older workers are gone. No
 * worker sends a wrong token.
 *
 * @throws Failure SecretNotFound when the stack has no root secret, or the error of the secret store; a failure is not cached
 */
export function createTokenVaults(
  dependencies: TokenVaultDependencies,
): (credentials: OAuthCredentials) => Promise<TokenVault> {
  const { secrets, rootSecretArn, randomBytes } = dependencies;
  let rootSecret: Promise<string> | undefined;

  async function readRootSecret(): Promise<string> {
    return rootSecretOf(await secrets.read(rootSecretArn, 'AWSCURRENT'));
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

export interface TokenQuestion {
  readonly secretVersion: string;
  /** Whether `secretVersion` was read as the current version just before the first read of the table. */
  readonly justRead: boolean;
  /**
   * Generation of the token in the table at the first read; 0 if there was none. A token of another generation was obtained
   * after that read.
   */
  readonly firstGeneration: number;
  readonly rejectedGeneration?: number;
}

export type TokenVerdict =
  | { readonly kind: 'serves'; readonly token: HeldToken }
  /** The table has a token or a pause of another secret version, and our version may be the older one. */
  | { readonly kind: 'credentials-changed' }
  /** Another worker is renewing the token. */
  | { readonly kind: 'renewing'; readonly untilMs: number }
  | { readonly kind: 'paused'; readonly pause: TokenPause }
  | { readonly kind: 'due' };

/**
 * Decides what a worker does with the token in the table.
 *
 * Failure policy: a token that is about to expire is still used if it was obtained while this worker waited for it. A token of
 * another secret version is replaced only when the connection was just read, and only if the token is not newer than that read.
 *
 * @param opened the token in the table, if it opens with this worker's key
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
  const { leaseHolder, leaseUntilMs, pause } = stored;
  if (leaseHolder !== undefined && leaseUntilMs !== undefined && leaseUntilMs > nowMs)
    return { kind: 'renewing', untilMs: leaseUntilMs };
  if (pause === undefined || !isPaused(pause, nowMs)) return { kind: 'due' };
  if (pause.secretVersion === question.secretVersion) return { kind: 'paused', pause };
  return { kind: question.justRead ? 'due' : 'credentials-changed' };
}

function serves(token: HeldToken, isNew: boolean, rejectedGeneration: number | undefined, nowMs: number): boolean {
  if (token.generation === rejectedGeneration) return isYoung(token, nowMs);
  return isNew ? !hasEnded(token, nowMs) : !isEnding(token, nowMs);
}

type Times = Pick<HeldToken, 'expiresAtMs' | 'obtainedAtMs'>;

/** A token is renewed when it expires within this time. Source: EventBridge user guide. */
const renewalMarginMs = 60_000;

/** If a token younger than this gets a 401, its age is not the reason, and the endpoint would reject a new token too. */
const youngMs = 60_000;

/**
 * For a token with a short life, `renewalMarginMs` and `youngMs` are cut to this part of its life. Otherwise an endpoint whose
 * tokens live for a minute would be asked for a new one with almost every delivery.
 */
const partOfLife = 1 / 3;

/** @param longestMs the result for a token with a long life */
function withinLife(longestMs: number, { expiresAtMs = Infinity, obtainedAtMs }: Times): number {
  return Math.min(longestMs, (expiresAtMs - obtainedAtMs) * partOfLife);
}

export function hasEnded({ expiresAtMs }: Times, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

export function isEnding(token: Times, nowMs: number): boolean {
  const { expiresAtMs } = token;
  return expiresAtMs !== undefined && expiresAtMs - withinLife(renewalMarginMs, token) <= nowMs;
}

export function isYoung(token: Times, nowMs: number): boolean {
  return nowMs - token.obtainedAtMs < withinLife(youngMs, token) && !hasEnded(token, nowMs);
}
