import { beforeEach, describe, expect, test } from 'vitest';
import type { TokenPause } from '../../../lib/core/token/pause.ts';
import type { StoredToken, TokenLease, TokenStore } from '../../../lib/ports/token.ts';

const nowMs = Date.UTC(2026, 0, 1);
const first: StoredToken = {
  generation: 1,
  secretVersion: 'version-1',
  sealed: Uint8Array.of(1, 0, 255),
  expiresAtMs: nowMs + 3_600_000,
  obtainedAtMs: nowMs,
};

/** The contract of the port TokenStore, for the DynamoDB adapter and its fake. */
export function describeTokenStore(name: string, open: () => Promise<TokenStore>): void {
  describe(`the token store: ${name}`, () => {
    let store: TokenStore;
    let incarnation = 0;
    const id = (): string => `connection-${incarnation}`;
    const lease = (change: Partial<TokenLease> = {}): TokenLease => ({
      connectionIncarnation: id(),
      generation: 0,
      holder: 'a',
      nowMs,
      untilMs: nowMs + 10_000,
      ...change,
    });
    const pause: TokenPause = {
      untilMs: nowMs + 5000,
      failures: 3,
      code: 'TokenInvalid',
      reason: 'The token endpoint answered nonsense.',
      secretVersion: 'version-1',
    };
    const storePause = async (change: Partial<TokenPause> = {}): Promise<void> => {
      await store.takeLease(lease());
      await store.endLease(id(), 'a', { ...pause, ...change });
    };
    const storeFirst = async (): Promise<void> => {
      await store.takeLease(lease());
      await store.save(id(), 'a', first);
    };

    beforeEach(async () => {
      store = await open();
      incarnation += 1;
    });

    test('a token that was never saved reads as undefined', async () => {
      expect(await store.read(id())).toBeUndefined();
    });

    test('a lease can be read before the first token is saved', async () => {
      expect(await store.takeLease(lease())).toBe(true);
      expect(await store.read(id())).toEqual({
        generation: 0,
        secretVersion: '',
        obtainedAtMs: 0,
        leaseHolder: 'a',
        leaseUntilMs: nowMs + 10_000,
      });
    });

    test('saving a token ends its lease', async () => {
      await store.takeLease(lease());
      expect(await store.save(id(), 'a', first)).toBe(true);
      expect(await store.read(id())).toEqual(first);
    });

    test('saving the token of one connection does not change the token of another', async () => {
      await storeFirst();
      expect(await store.read(`${id()}-other`)).toBeUndefined();
    });

    test('only one of many simultaneous requests gets the lease', async () => {
      const holders = Array.from({ length: 20 }, (_, index) => `holder-${index}`);
      const taken = await Promise.all(holders.map((holder) => store.takeLease(lease({ holder }))));
      expect(taken.filter((yes) => yes)).toHaveLength(1);
      expect((await store.read(id()))?.leaseHolder).toBe(holders[taken.indexOf(true)]);
    });

    test('the holder of a lease can take the lease again, because the first answer may have been lost', async () => {
      expect(await store.takeLease(lease())).toBe(true);
      expect(await store.takeLease(lease())).toBe(true);
    });

    test('another holder can take a lease only after the lease has ended', async () => {
      await store.takeLease(lease());
      expect(await store.takeLease(lease({ holder: 'b', nowMs: nowMs + 9_999 }))).toBe(false);
      expect(await store.takeLease(lease({ holder: 'b', nowMs: nowMs + 10_000, untilMs: nowMs + 20_000 }))).toBe(true);
      expect(await store.read(id())).toMatchObject({ leaseHolder: 'b', leaseUntilMs: nowMs + 20_000 });
    });

    test.each([0, 2])(
      'a lease to renew generation %i is refused when the token has generation 1',
      async (generation) => {
        await storeFirst();
        expect(await store.takeLease(lease({ generation, holder: 'b' }))).toBe(false);
        expect(await store.read(id())).toEqual(first);
      },
    );

    test('a lease to renew a token that does not exist is refused', async () => {
      expect(await store.takeLease(lease({ generation: 3 }))).toBe(false);
      expect(await store.read(id())).toBeUndefined();
    });

    test('a token stays readable while it is renewed', async () => {
      await storeFirst();
      expect(await store.takeLease(lease({ generation: 1, holder: 'b' }))).toBe(true);
      expect(await store.read(id())).toEqual({ ...first, leaseHolder: 'b', leaseUntilMs: nowMs + 10_000 });
    });

    test('the expiry of the previous token is removed when the next token has none', async () => {
      await storeFirst();
      const { expiresAtMs: _, ...endless } = { ...first, generation: 2 };
      await store.takeLease(lease({ generation: 1, holder: 'b' }));
      expect(await store.save(id(), 'b', endless)).toBe(true);
      expect(await store.read(id())).toEqual(endless);
    });

    test('a token cannot be saved without the lease', async () => {
      expect(await store.save(id(), 'a', first)).toBe(false);
      expect(await store.read(id())).toBeUndefined();
    });

    test('a holder can save a token after its lease has ended if no other holder has taken the lease', async () => {
      await store.takeLease(lease({ untilMs: nowMs - 3_600_000 }));
      expect(await store.save(id(), 'a', first)).toBe(true);
    });

    test('a holder whose lease another holder has taken can neither save a token nor end the lease nor begin a pause', async () => {
      await store.takeLease(lease());
      await store.takeLease(lease({ holder: 'b', nowMs: nowMs + 10_000, untilMs: nowMs + 20_000 }));
      expect(await store.save(id(), 'a', { ...first, secretVersion: 'frozen' })).toBe(false);
      expect(await store.endLease(id(), 'a', pause)).toBe(false);
      expect(await store.read(id())).toMatchObject({ leaseHolder: 'b', leaseUntilMs: nowMs + 20_000 });
      expect((await store.read(id()))?.pause).toBeUndefined();
      expect(await store.save(id(), 'b', first)).toBe(true);
      expect(await store.save(id(), 'a', { ...first, secretVersion: 'frozen' })).toBe(false);
      expect(await store.read(id())).toEqual(first);
    });

    test('only the next generation of a token can be saved', async () => {
      await store.takeLease(lease());
      expect(await store.save(id(), 'a', { ...first, generation: 2 })).toBe(false);
      expect((await store.read(id()))?.sealed).toBeUndefined();
    });

    test('another holder can take a lease that has ended early at once', async () => {
      await storeFirst();
      await store.takeLease(lease({ generation: 1, holder: 'b' }));
      expect(await store.endLease(id(), 'b')).toBe(true);
      expect(await store.read(id())).toEqual(first);
      expect(await store.takeLease(lease({ generation: 1, holder: 'c' }))).toBe(true);
    });

    test('ending a lease that does not exist writes nothing', async () => {
      expect(await store.endLease(id(), 'a', pause)).toBe(false);
      expect(await store.read(id())).toBeUndefined();
    });

    test('a pause can be read with its reason, and ends the lease that it follows', async () => {
      await storePause();
      expect(await store.read(id())).toEqual({ generation: 0, secretVersion: '', obtainedAtMs: 0, pause });
    });

    test('a pause keeps the token that was to be replaced', async () => {
      await storeFirst();
      await store.takeLease(lease({ generation: 1, holder: 'b' }));
      await store.endLease(id(), 'b', pause);
      expect(await store.read(id())).toEqual({ ...first, pause });
    });

    test.each([
      ['is refused during a pause of its secret version', {}, 4999, 'version-1', false],
      ['is given when the pause is over', {}, 5000, 'version-1', true],
      ['is given during a pause of another secret version', {}, 0, 'version-2', true],
      ['is given during a pause that the worker ignores', {}, 0, undefined, true],
      ['is refused during the longest pause', { untilMs: nowMs + 900_000 }, 0, 'version-1', false],
      ['is given during a pause that no rule allows', { untilMs: nowMs + 900_001 }, 0, 'version-1', true],
    ])('a lease %s', async (_, change, laterMs, unlessPaused, given) => {
      await storePause(change);
      const asked = { holder: 'b', nowMs: nowMs + laterMs, ...(unlessPaused !== undefined && { unlessPaused }) };
      expect(await store.takeLease(lease(asked))).toBe(given);
      expect((await store.read(id()))?.leaseHolder).toBe(given ? 'b' : undefined);
    });

    test('a new pause replaces the one before', async () => {
      await storePause();
      await store.takeLease(lease({ nowMs: nowMs + 5000 }));
      const second = {
        ...pause,
        untilMs: nowMs + 20_000,
        failures: 4,
        code: 'TokenUnavailable',
        reason: '503',
      } as const;
      await store.endLease(id(), 'a', second);
      expect((await store.read(id()))?.pause).toEqual(second);
    });

    test('a pause stays readable while a later request is in progress, and a saved token removes it', async () => {
      await storePause();
      await store.takeLease(lease({ nowMs: nowMs + 5000 }));
      expect(await store.read(id())).toMatchObject({ leaseHolder: 'a', pause });
      await store.save(id(), 'a', first);
      expect(await store.read(id())).toEqual(first);
    });
  });
}
