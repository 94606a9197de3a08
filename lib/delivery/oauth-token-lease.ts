import { Failure } from '../core/failure.ts';
import type { ObtainedToken } from '../core/token-answer.ts';
import type { Clock, RandomBytes, TokenStore } from '../ports.ts';
import type { RequestToken, TokenOwner } from './oauth-token-request.ts';
import type { TokenVault } from './oauth-token-vault.ts';
import type { HeldToken } from './oauth-token-verdict.ts';

export interface LeaseDependencies {
  readonly store: TokenStore;
  readonly requestToken: RequestToken;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly requestTimeoutMs: number;
}

export interface TokenNeed extends TokenOwner {
  readonly justRead: boolean;
  readonly rejectedGeneration?: number;
}

/** The lease outlives the longest token request by this: for the writes around it, and clocks that differ. */
export const leaseMarginMs = 5000;
/** Of the lease, kept free after the request for saving the token. */
const saveReserveMs = 1000;

/** One renewal of one token. */
export interface Renewal {
  readonly need: TokenNeed;
  readonly vault: TokenVault;
  /** Of the token to be replaced. */
  readonly generation: number;
  readonly leaseMs: number;
}

/**
 * Failure policy: a token that was obtained but could not be saved serves this worker alone. It keeps the generation
 * that it could not replace, so that whatever the table gets next counts as newer.
 *
 * @returns undefined when another worker has the lease, or had it before this one was done
 */
export async function renewUnderLease(
  dependencies: LeaseDependencies,
  { need, vault, generation, leaseMs }: Renewal,
  signal: AbortSignal,
): Promise<HeldToken | undefined> {
  const { store, requestToken, clock } = dependencies;
  if (signal.aborted) throw new Failure('OutOfTime', 'The invocation ended before a token was asked for.');
  const connectionIncarnation = need.connection.incarnation;
  const holder = `${need.secretVersion}/${hexOf(dependencies.randomBytes(16))}`;
  const nowMs = clock.nowMs();
  const untilMs = nowMs + leaseMs;
  if (!(await store.takeLease({ connectionIncarnation, generation, holder, nowMs, untilMs }))) return undefined;

  const requestedAtMs = clock.nowMs();
  const timeoutMs = Math.min(dependencies.requestTimeoutMs, untilMs - saveReserveMs - requestedAtMs);
  let obtained: ObtainedToken;
  try {
    // Frozen, or too slow at the table: others may have taken over, or will before an answer comes.
    if (timeoutMs <= 0) throw new Failure('TokenUnavailable', 'The lease on the token ended before it was used.');
    obtained = await requestToken(need, timeoutMs, signal);
  } catch (error) {
    await release(store, connectionIncarnation, holder);
    throw error;
  }

  const next = generation + 1;
  const binding = { connectionIncarnation, generation: next, secretVersion: need.secretVersion };
  const times = timesOf(obtained, requestedAtMs);
  const stored = {
    ...times,
    generation: next,
    secretVersion: need.secretVersion,
    sealed: vault.seal(obtained, binding),
  };
  const { accessToken, tokenType } = obtained;
  try {
    const saved = await store.save(connectionIncarnation, holder, stored);
    return saved ? { accessToken, tokenType, generation: next, ...times } : undefined;
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'StoreUnavailable') throw error;
    return { accessToken, tokenType, generation, ...times };
  }
}

/** The secret version that the holder of a lease asks with; undefined when it does not say. */
export function versionOfHolder(holder: string): string | undefined {
  const end = holder.lastIndexOf('/');
  return end === -1 ? undefined : holder.slice(0, end);
}

/** A lease that cannot be ended ends by itself; what counts is why no token was obtained. */
async function release(store: TokenStore, connectionIncarnation: string, holder: string): Promise<void> {
  try {
    await store.releaseLease(connectionIncarnation, holder);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

/** Counted from before the request, so that an answer that took long, or a freeze, makes a token older, never younger. */
function timesOf(obtained: ObtainedToken, requestedAtMs: number): Pick<HeldToken, 'expiresAtMs' | 'obtainedAtMs'> {
  const { expiresInSeconds } = obtained;
  if (expiresInSeconds === undefined) return { obtainedAtMs: requestedAtMs };
  return { obtainedAtMs: requestedAtMs, expiresAtMs: requestedAtMs + expiresInSeconds * 1000 };
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
