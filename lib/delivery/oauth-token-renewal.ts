import { Failure } from '../core/failure.ts';
import type { Random, StoredToken, ConcurrencyLimit } from '../ports.ts';
import type { LeaseDependencies, TokenNeed } from './oauth-token-lease.ts';
import { leaseMarginMs, renewUnderLease, versionOfHolder } from './oauth-token-lease.ts';
import type { TokenOwner } from './oauth-token-request.ts';
import type { TokenVault } from './oauth-token-vault.ts';
import type { HeldToken } from './oauth-token-verdict.ts';
import { judgeToken } from './oauth-token-verdict.ts';

export interface TokenRenewalDependencies extends LeaseDependencies {
  readonly concurrency: ConcurrencyLimit;
  readonly openVault: (credentials: TokenOwner['credentials']) => Promise<TokenVault>;
  readonly random: Random;
}

const firstWaitMs = 50;
const longestWaitMs = 1000;

/**
 * The fleet's token of a connection from the table, or a new one, obtained by whoever gets the lease.
 *
 * Failure policy: a holder that dies, hangs or is frozen keeps the others waiting until its lease ends, and no longer;
 * what it comes back with later is saved only if nobody took over. A holder that fails ends its lease, and who
 * has waited for it fails too, retryably: at an endpoint that is down, one request speaks for all. It does not speak for
 * who has just read other credentials, and perhaps another endpoint with them. Nobody waits for more than two leases.
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
    for (let looks = 0; patienceMs > 0; looks += 1) {
      const stored = await store.read(incarnation);
      if (looks === 0) question.firstGeneration = stored?.generation ?? 0;
      const verdict = judgeToken(stored, opened(stored, incarnation, vault), question, clock.nowMs());
      if (verdict.kind === 'serves') return verdict.token;
      if (verdict.kind === 'credentials-changed') {
        throw new Failure(
          'CredentialsChanged',
          `The credentials of connection '${need.connection.name}' have changed.`,
        );
      }
      let waitMs = Math.min(firstWaitMs * 2 ** looks, longestWaitMs) * (0.5 + random() / 2);
      if (verdict.kind === 'renewing') {
        hasWaited = true;
        holder = stored?.leaseHolder;
        waitMs = Math.min(waitMs, Math.max(1, verdict.untilMs - clock.nowMs()));
      } else {
        if (hasWaited && stored?.leaseHolder === undefined && speaksFor(holder, need)) break;
        const lease = { need, vault, generation: stored?.generation ?? 0, leaseMs };
        const renewed = await concurrency.run(incarnation, 1, () => renewUnderLease(dependencies, lease, signal));
        if (renewed !== undefined) return renewed;
        // Another worker was quicker, or took over: what it gets, or that it gets nothing, counts here too.
        hasWaited = true;
      }
      await clock.delay(waitMs, signal);
      patienceMs -= waitMs;
    }
    throw new Failure('TokenUnavailable', 'Another worker has tried to obtain a token and got none.');
  };
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
