import { beforeEach, describe, expect, test } from 'vitest';
import type { StoredToken, TokenLease, TokenStore } from '../../../lib/ports/token.ts';

const nowMs = Date.UTC(2026, 0, 1);
const first: StoredToken = {
  generation: 1,
  secretVersion: 'version-1',
  sealed: Uint8Array.of(1, 0, 255),
  expiresAtMs: nowMs + 3_600_000,
  obtainedAtMs: nowMs,
};

/** The contract of every TokenStore. The tests run for the adapter and for the fake. */
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
    /** Stores the first token. */
    const storeFirst = async (): Promise<void> => {
      await store.takeLease(lease());
      await store.save(id(), 'a', first);
    };

    beforeEach(async () => {
      store = await open();
      incarnation += 1;
    });

    test('the token store has no token of a connection that never had one', async () => {
      expect(await store.read(id())).toBeUndefined();
    });

    test('the token store shows a lease before the first token', async () => {
      expect(await store.takeLease(lease())).toBe(true);
      expect(await store.read(id())).toEqual({
        generation: 0,
        secretVersion: '',
        obtainedAtMs: 0,
        leaseHolder: 'a',
        leaseUntilMs: nowMs + 10_000,
      });
    });

    test('a saved token is read back, and its lease has ended', async () => {
      await store.takeLease(lease());
      expect(await store.save(id(), 'a', first)).toBe(true);
      expect(await store.read(id())).toEqual(first);
    });

    test('the tokens of two connections are kept apart', async () => {
      await storeFirst();
      expect(await store.read(`${id()}-other`)).toBeUndefined();
    });

    test('only one of many simultaneous requests gets the lease', async () => {
      const holders = Array.from({ length: 20 }, (_, index) => `holder-${index}`);
      const taken = await Promise.all(holders.map((holder) => store.takeLease(lease({ holder }))));
      expect(taken.filter((yes) => yes)).toHaveLength(1);
      expect((await store.read(id()))?.leaseHolder).toBe(holders[taken.indexOf(true)]);
    });

    test('the holder of a lease can take it again, since the first answer may have been lost', async () => {
      expect(await store.takeLease(lease())).toBe(true);
      expect(await store.takeLease(lease())).toBe(true);
    });

    test('a running lease is refused to another holder until its last millisecond, and then given', async () => {
      await store.takeLease(lease());
      expect(await store.takeLease(lease({ holder: 'b', nowMs: nowMs + 9_999 }))).toBe(false);
      expect(await store.takeLease(lease({ holder: 'b', nowMs: nowMs + 10_000, untilMs: nowMs + 20_000 }))).toBe(true);
      expect(await store.read(id())).toMatchObject({ leaseHolder: 'b', leaseUntilMs: nowMs + 20_000 });
    });

    test.each([0, 2])('a lease on generation %i of a token of generation 1 is refused', async (generation) => {
      await storeFirst();
      expect(await store.takeLease(lease({ generation, holder: 'b' }))).toBe(false);
      expect(await store.read(id())).toEqual(first);
    });

    test('a lease on a generation that never existed is refused', async () => {
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

    test('a frozen holder can save after its lease has ended, if no other holder has taken over', async () => {
      await store.takeLease(lease({ untilMs: nowMs - 3_600_000 }));
      expect(await store.save(id(), 'a', first)).toBe(true);
    });

    test('a frozen holder overwrites neither the lease nor the token of the holder that took over', async () => {
      await store.takeLease(lease());
      await store.takeLease(lease({ holder: 'b', nowMs: nowMs + 10_000, untilMs: nowMs + 20_000 }));
      expect(await store.save(id(), 'a', { ...first, secretVersion: 'frozen' })).toBe(false);
      await store.releaseLease(id(), 'a');
      expect((await store.read(id()))?.leaseHolder).toBe('b');
      expect(await store.save(id(), 'b', first)).toBe(true);
      expect(await store.save(id(), 'a', { ...first, secretVersion: 'frozen' })).toBe(false);
      expect(await store.read(id())).toEqual(first);
    });

    test('only the next generation of a token can be saved', async () => {
      await store.takeLease(lease());
      expect(await store.save(id(), 'a', { ...first, generation: 2 })).toBe(false);
      expect((await store.read(id()))?.sealed).toBeUndefined();
    });

    test('a released lease can be taken at once, and the token stays', async () => {
      await storeFirst();
      await store.takeLease(lease({ generation: 1, holder: 'b' }));
      await store.releaseLease(id(), 'b');
      expect(await store.read(id())).toEqual(first);
      expect(await store.takeLease(lease({ generation: 1, holder: 'c' }))).toBe(true);
    });

    test('releasing a lease of a connection that has none leaves nothing behind', async () => {
      await store.releaseLease(id(), 'a');
      expect(await store.read(id())).toBeUndefined();
    });
  });
}
