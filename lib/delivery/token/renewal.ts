import { Failure, isStoreUnavailable } from '../../core/failure/failure.ts';
import type { ObtainedToken } from '../../core/token/answer.ts';
import type { Clock, Random, RandomBytes } from '../../ports/clock.ts';
import type { ConcurrencyLimit } from '../../ports/delivery.ts';
import type { StoredToken, TokenStore } from '../../ports/token.ts';
import type { HeldToken, TokenVault } from './fleet-token.ts';
import { judgeToken } from './fleet-token.ts';
import type { RequestToken, TokenOwner } from './request.ts';

export interface LeaseDependencies {
  readonly store: TokenStore;
  readonly requestToken: RequestToken;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly requestTimeoutMs: number;
}

export interface TokenRenewalDependencies extends LeaseDependencies {
  readonly concurrency: ConcurrencyLimit;
  readonly openVault: (credentials: TokenOwner['credentials']) => Promise<TokenVault>;
  readonly random: Random;
}

export interface TokenNeed extends TokenOwner {
  readonly justRead: boolean;
  readonly rejectedGeneration?: number;
}

/**
 * The lease lasts this much longer than the longest token request, to allow for the writes before and after it and for clocks
 * that differ.
 */
const leaseMarginMs = 5000;
/** The part of the lease that is reserved for saving the token after the request. */
const saveReserveMs = 1000;

const firstWaitMs = 50;
const longestWaitMs = 1000;

/**
 * Reads the fleet's token of a connection from the table, or obtains a new one when this worker gets the lease.
 *
 * Failure policy: if the holder of the lease dies, hangs or is frozen, the other workers wait until its lease ends. When such a
 * holder comes back, its token is saved only if no other worker has taken over. A holder whose request fails ends its lease.
 * The workers that waited for the token then fail too, with a retryable failure: one request is enough to see that an endpoint
 * is down. A worker that has just read other credentials than the holder's does not fail, because its own credentials may name
 * another token endpoint. A worker waits for at most two leases.
 */
export function createTokenRenewal(
  dependencies: TokenRenewalDependencies,
): (need: TokenNeed, signal: AbortSignal) => Promise<HeldToken> {
  const { store, concurrency, openVault, clock, random, requestTimeoutMs } = dependencies;
  const leaseMs = requestTimeoutMs + leaseMarginMs;

  return async (need, signal) => {
    const { incarnation } = need.connection;
    const vault = await openVault(need.credentials);
    const question = { ...need, firstGeneration: 0 };
    let patienceMs = 2 * leaseMs;
    let hasWaited = false;
    let holder: string | undefined;
    for (let reads = 0; patienceMs > 0; reads += 1) {
      const stored = await store.read(incarnation);
      if (reads === 0) question.firstGeneration = stored?.generation ?? 0;
      const verdict = judgeToken(stored, opened(stored, incarnation, vault), question, clock.nowMs());
      if (verdict.kind === 'serves') return verdict.token;
      if (verdict.kind === 'credentials-changed') {
        throw new Failure(
          'CredentialsChanged',
          `The credentials of connection '${need.connection.name}' have changed.`,
        );
      }
      let waitMs = Math.min(firstWaitMs * 2 ** reads, longestWaitMs) * (0.5 + random() / 2);
      if (verdict.kind === 'renewing') {
        hasWaited = true;
        holder = stored?.leaseHolder;
        waitMs = Math.min(waitMs, Math.max(1, verdict.untilMs - clock.nowMs()));
      } else {
        if (hasWaited && stored?.leaseHolder === undefined && speaksFor(holder, need)) break;
        const lease = { need, vault, generation: stored?.generation ?? 0, leaseMs };
        const renewed = await concurrency.run(incarnation, 1, () => renewUnderLease(dependencies, lease, signal));
        if (renewed !== undefined) return renewed;
        // Another worker was quicker or took over. Its result, a token or a failure, then counts for this worker too.
        hasWaited = true;
      }
      await clock.delay(waitMs, signal);
      patienceMs -= waitMs;
    }
    throw new Failure('TokenUnavailable', 'Another worker tried to obtain a token and did not get one.');
  };
}

export interface Renewal {
  readonly need: TokenNeed;
  readonly vault: TokenVault;
  /** Generation of the token that is to be replaced. */
  readonly generation: number;
  readonly leaseMs: number;
}

/**
 * Failure policy: a token that was obtained but could not be saved is used only by this worker. It gets the generation of the
 * token that is still in the table, so that the next token in the table counts as newer.
 *
 * @returns undefined when another worker has the lease, or took it over before this worker was done
 */
async function renewUnderLease(
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
    // This worker was frozen, or the table was slow. The lease ends so soon that another worker may take over before the answer.
    if (timeoutMs <= 0)
      throw new Failure(
        'TokenUnavailable',
        'The time reserved for renewing the token ended before the request for it was sent.',
      );
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
  const { accessToken } = obtained;
  try {
    const saved = await store.save(connectionIncarnation, holder, stored);
    return saved ? { accessToken, generation: next, ...times } : undefined;
  } catch (error) {
    if (!isStoreUnavailable(error)) throw error;
    return { accessToken, generation, ...times };
  }
}

/** The secret version that the name of a lease holder contains; undefined when the name contains none. */
function versionOfHolder(holder: string): string | undefined {
  const end = holder.lastIndexOf('/');
  return end === -1 ? undefined : holder.slice(0, end);
}

/**
 * A lease that cannot be released ends by itself. The caller needs to know why there is no token, so a failure of the release
 * is dropped.
 */
async function release(store: TokenStore, connectionIncarnation: string, holder: string): Promise<void> {
  try {
    await store.releaseLease(connectionIncarnation, holder);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

/** The times count from the start of the request. A slow answer or a freeze then makes a token seem older, never younger. */
function timesOf(obtained: ObtainedToken, requestedAtMs: number): Pick<HeldToken, 'expiresAtMs' | 'obtainedAtMs'> {
  const { expiresInSeconds } = obtained;
  if (expiresInSeconds === undefined) return { obtainedAtMs: requestedAtMs };
  return { obtainedAtMs: requestedAtMs, expiresAtMs: requestedAtMs + expiresInSeconds * 1000 };
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function speaksFor(holder: string | undefined, { secretVersion, justRead }: TokenNeed): boolean {
  const version = holder === undefined ? undefined : versionOfHolder(holder);
  return !justRead || version === undefined || version === secretVersion;
}

function opened(stored: StoredToken | undefined, incarnation: string, vault: TokenVault): HeldToken | undefined {
  if (stored?.sealed === undefined) return undefined;
  const { generation, secretVersion, obtainedAtMs, expiresAtMs } = stored;
  const content = vault.open(stored.sealed, { connectionIncarnation: incarnation, generation, secretVersion });
  if (content === undefined) return undefined;
  return { ...content, generation, obtainedAtMs, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
}
