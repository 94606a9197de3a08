import { Failure, isStoreUnavailable } from '../../core/failure/failure.ts';
import type { ObtainedToken } from '../../core/token/answer.ts';
import type { TokenPause } from '../../core/token/pause.ts';
import { pauseAfter } from '../../core/token/pause.ts';
import type { Clock, Random, RandomBytes } from '../../ports/clock.ts';
import type { ConnectionLog } from '../../ports/metrics.ts';
import type { StoredToken, TokenStore } from '../../ports/token.ts';
import type { HeldToken, TokenVault } from './fleet-token.ts';
import { hasEnded, judgeToken } from './fleet-token.ts';
import type { RequestToken, TokenOwner } from './request.ts';
import type { TokenWait } from './waits.ts';
import { longestTokenWaitMs, pausedWait, requestedWait } from './waits.ts';

export interface LeaseDependencies {
  readonly store: TokenStore;
  readonly requestToken: RequestToken;
  readonly connectionLog: Pick<ConnectionLog, 'tokenFailed'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes: RandomBytes;
  readonly requestTimeoutMs: number;
}

export interface TokenRenewalDependencies extends LeaseDependencies {
  readonly openVault: (credentials: TokenOwner['credentials']) => Promise<TokenVault>;
}

export interface TokenNeed extends TokenOwner {
  readonly justRead: boolean;
  readonly rejectedGeneration?: number;
  /** Whether `authorize-connection` asks. It asks even during a pause, and waits for the request of another worker. */
  readonly isAuthorization: boolean;
}

export type TokenSearch = { readonly kind: 'found'; readonly token: HeldToken } | TokenWait;

/**
 * The lease lasts this much longer than the longest token request, to allow for the writes before and after it and for clocks
 * that differ.
 */
const leaseMarginMs = 5000;
/** The part of the lease that is reserved for saving the token after the request. */
const saveReserveMs = 1000;

const firstDelayMs = 50;
const longestDelayMs = 1000;

/**
 * Reads the fleet's token of a connection from the table, or obtains a new one when this worker gets the lease.
 *
 * Failure policy: only the holder of the lease waits for the token endpoint. The other workers give a healthy endpoint the time
 * that it needs, and then send their deliveries to the queue. They do so at once while the endpoint is known to fail. If the
 * holder of the lease dies or is frozen, its lease ends by itself. When such a holder comes back, its token or its failure counts
 * only if no other worker has taken over. A holder whose request fails ends its lease with a pause for the whole fleet: one
 * request is enough to see that an endpoint is down. A worker that has just read other credentials than the holder's ignores the
 * pause, because its own credentials may name another token endpoint.
 */
export function createTokenRenewal(
  dependencies: TokenRenewalDependencies,
): (need: TokenNeed, signal: AbortSignal) => Promise<TokenSearch> {
  const { store, openVault, clock, random, requestTimeoutMs } = dependencies;
  const leaseMs = requestTimeoutMs + leaseMarginMs;

  return async (need, signal) => {
    const { connection, isAuthorization } = need;
    const vault = await openVault(need.credentials);
    const question = { ...need, firstGeneration: 0 };
    let patienceMs = isAuthorization ? 2 * leaseMs : longestTokenWaitMs;
    let hasWaited = false;
    for (let reads = 0; ; reads += 1) {
      const stored = await store.read(connection.incarnation);
      const nowMs = clock.nowMs();
      if (reads === 0) question.firstGeneration = stored?.generation ?? 0;
      const token = opened(stored, connection.incarnation, vault);
      const verdict = judgeToken(stored, token, question, nowMs);
      if (verdict.kind === 'serves') return { kind: 'found', token: verdict.token };
      if (verdict.kind === 'credentials-changed')
        throw new Failure('CredentialsChanged', `The credentials of connection '${connection.name}' have changed.`);
      const known = knownFor(need, stored, token, nowMs);
      if (verdict.kind === 'paused' && (hasWaited || !isAuthorization)) return pausedWait(verdict.pause, known.serving);
      if (verdict.kind === 'renewing' && !isAuthorization) {
        const begunMs = nowMs - (verdict.untilMs - leaseMs);
        patienceMs = known.failed === undefined ? Math.min(patienceMs, longestTokenWaitMs - begunMs) : 0;
      }
      if (patienceMs <= 0) return requestedWait(known.failed, known.serving, nowMs);
      if (verdict.kind !== 'renewing') {
        const lease = { need, vault, generation: stored?.generation ?? 0, leaseMs, ...known };
        const renewed = await renewUnderLease(dependencies, lease, signal);
        if (renewed !== undefined) return renewed;
      }
      // Another worker was quicker or took over. Its result, a token or a failure, counts for this worker too.
      hasWaited = true;
      const delayMs = Math.min(firstDelayMs * 2 ** reads, longestDelayMs) * (0.5 + random() / 2);
      const waitMs = Math.min(delayMs, patienceMs);
      await clock.delay(waitMs, signal);
      patienceMs -= waitMs;
    }
  };
}

/** The parts of the token's item that belong to the credentials of this worker. */
interface Known {
  /** The pause after the last request, if that request failed. */
  readonly failed: TokenPause | undefined;
  /** The token, if it is still valid. */
  readonly serving: HeldToken | undefined;
}

function knownFor(
  need: TokenNeed,
  stored: StoredToken | undefined,
  token: HeldToken | undefined,
  nowMs: number,
): Known {
  const { secretVersion, rejectedGeneration } = need;
  const isValid = token !== undefined && token.generation !== rejectedGeneration && !hasEnded(token, nowMs);
  return {
    failed: stored?.pause?.secretVersion === secretVersion ? stored.pause : undefined,
    serving: isValid && stored?.secretVersion === secretVersion ? token : undefined,
  };
}

interface Renewal extends Known {
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
  renewal: Renewal,
  signal: AbortSignal,
): Promise<TokenSearch | undefined> {
  const { store, requestToken, clock } = dependencies;
  const { need, vault, generation, leaseMs } = renewal;
  if (signal.aborted) throw new Failure('OutOfTime', 'The invocation ended before a token was asked for.');
  const connectionIncarnation = need.connection.incarnation;
  const holder = hexOf(dependencies.randomBytes(16));
  const nowMs = clock.nowMs();
  const untilMs = nowMs + leaseMs;
  const unlessPaused = need.isAuthorization ? {} : { unlessPaused: need.secretVersion };
  const lease = { connectionIncarnation, generation, holder, nowMs, untilMs, ...unlessPaused };
  if (!(await store.takeLease(lease))) return undefined;

  const requestedAtMs = clock.nowMs();
  const timeoutMs = Math.min(dependencies.requestTimeoutMs, untilMs - saveReserveMs - requestedAtMs);
  if (timeoutMs <= 0) {
    // This worker was frozen, or the table was slow. The lease ends so soon that another worker may take over before the answer.
    await endLease(store, connectionIncarnation, holder);
    return requestedWait(renewal.failed, renewal.serving, requestedAtMs);
  }
  let obtained: ObtainedToken;
  try {
    obtained = await requestToken(need, timeoutMs, signal);
  } catch (error) {
    return failedRequest(dependencies, renewal, holder, error);
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
    return saved ? { kind: 'found', token: { accessToken, generation: next, ...times } } : undefined;
  } catch (error) {
    if (!isStoreUnavailable(error)) throw error;
    return { kind: 'found', token: { accessToken, generation, ...times } };
  }
}

/**
 * Ends the lease, with a pause if the failure says that the requests of other workers would fail too.
 *
 * @returns undefined when another worker took over before the request failed
 */
async function failedRequest(
  { store, connectionLog, clock, random }: LeaseDependencies,
  { need, failed, serving }: Renewal,
  holder: string,
  error: unknown,
): Promise<TokenWait | undefined> {
  const { connection, secretVersion, isAuthorization } = need;
  const pause = error instanceof Failure ? pauseAfter(error, failed, secretVersion, clock.nowMs(), random) : undefined;
  const wasHeld = await endLease(store, connection.incarnation, holder, pause);
  if (!(error instanceof Failure) || pause === undefined || error.kind === 'permanent') throw error;
  if (!wasHeld) return undefined;
  const { code, reason, untilMs: nextTryAtMs } = pause;
  // The function `authorize-connection` writes its own line, because it makes its next request at another time.
  if (!isAuthorization) connectionLog.tokenFailed({ connection: connection.name, code, reason, nextTryAtMs });
  return pausedWait(pause, serving, error);
}

/**
 * A lease that cannot be ended ends by itself. The caller needs to know why there is no token, so a failure to end it is dropped.
 *
 * @returns false when another worker has taken over
 */
async function endLease(
  store: TokenStore,
  connectionIncarnation: string,
  holder: string,
  pause?: TokenPause,
): Promise<boolean> {
  try {
    return await store.endLease(connectionIncarnation, holder, pause);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return true;
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

function opened(stored: StoredToken | undefined, incarnation: string, vault: TokenVault): HeldToken | undefined {
  if (stored?.sealed === undefined) return undefined;
  const { generation, secretVersion, obtainedAtMs, expiresAtMs } = stored;
  const content = vault.open(stored.sealed, { connectionIncarnation: incarnation, generation, secretVersion });
  if (content === undefined) return undefined;
  return { ...content, generation, obtainedAtMs, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
}
