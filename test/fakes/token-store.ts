import { isPaused } from '../../lib/core/token/pause.ts';
import type { StoredToken, TokenStore } from '../../lib/ports/token.ts';

/** A token store in memory. It passes the contract suite of the DynamoDB adapter. */
export function createMemoryTokenStore(): TokenStore {
  const tokens = new Map<string, StoredToken>();

  const holds = (incarnation: string, holder: string): boolean => tokens.get(incarnation)?.leaseHolder === holder;
  const withoutLease = ({ leaseHolder: _, leaseUntilMs: __, ...token }: StoredToken): StoredToken => token;

  return {
    async read(connectionIncarnation) {
      return tokens.get(connectionIncarnation);
    },
    async takeLease({ connectionIncarnation, generation, holder, nowMs, untilMs, unlessPaused }) {
      const token = tokens.get(connectionIncarnation) ?? { generation: 0, secretVersion: '', obtainedAtMs: 0 };
      const { leaseUntilMs, leaseHolder } = token;
      const free = leaseUntilMs === undefined || leaseUntilMs <= nowMs || leaseHolder === holder;
      const paused = isPaused(token.pause, nowMs) && token.pause?.secretVersion === unlessPaused;
      if (token.generation !== generation || !free || paused) return false;
      tokens.set(connectionIncarnation, { ...token, leaseHolder: holder, leaseUntilMs: untilMs });
      return true;
    },
    async save(connectionIncarnation, leaseHolder, token) {
      const before = tokens.get(connectionIncarnation);
      if (!holds(connectionIncarnation, leaseHolder) || before?.generation !== token.generation - 1) return false;
      tokens.set(connectionIncarnation, withoutLease(token));
      return true;
    },
    async endLease(connectionIncarnation, leaseHolder, pause) {
      const token = tokens.get(connectionIncarnation);
      if (token === undefined || !holds(connectionIncarnation, leaseHolder)) return false;
      tokens.set(connectionIncarnation, { ...withoutLease(token), ...(pause !== undefined && { pause }) });
      return true;
    },
  };
}
