import { expect, test } from 'vitest';
import { formatBalance, Ledger } from '../../../soak/ledger.ts';

/** A ledger of sent events that all got the given answer. */
function newLedger(ids: readonly string[], answer: 'accepted' | 'unanswered' | 'refused' = 'accepted'): Ledger {
  const ledger = new Ledger();
  for (const id of ids) {
    ledger.send(id);
    ledger.answered(id, answer);
  }
  return ledger;
}

test('a ledger balances when every accepted event was delivered or dead-lettered', () => {
  const ledger = newLedger(['a', 'b']);
  ledger.delivered('a');
  ledger.deadLettered('b');
  expect(ledger.balance()).toMatchObject({ accepted: 2, delivered: 1, deadLettered: 1, lost: [], duplicates: 0 });
});

test('an accepted event that was neither delivered nor dead-lettered counts as lost', () => {
  const ledger = newLedger(['a', 'b']);
  ledger.delivered('a');
  expect(ledger.balance()).toMatchObject({ accepted: 2, delivered: 1, deadLettered: 0, lost: ['b'] });
});

test('an event that was delivered twice and also dead-lettered counts as one delivery with two duplicates', () => {
  const ledger = newLedger(['a']);
  ledger.delivered('a');
  ledger.delivered('a');
  ledger.deadLettered('a');
  expect(ledger.balance()).toMatchObject({ accepted: 1, delivered: 1, deadLettered: 0, duplicates: 2 });
});

test('an event that arrives before its sender gets an answer counts as delivered', () => {
  const ledger = new Ledger();
  ledger.send('a');
  ledger.delivered('a');
  ledger.answered('a', 'accepted');
  expect(ledger.balance()).toMatchObject({ accepted: 1, delivered: 1, lost: [] });
});

test('an event whose sender got no answer may be missing, but a refused event must not be delivered', () => {
  const ledger = newLedger(['a', 'b'], 'unanswered');
  ledger.delivered('a');
  ledger.send('c');
  ledger.answered('c', 'refused');
  expect(ledger.balance()).toMatchObject({ accepted: 0, unanswered: 2, unansweredButSettled: 1, refused: 1, lost: [] });
});

test('the ledger counts an arrived event as unknown when its sender has no record of it', () => {
  const ledger = newLedger([]);
  ledger.delivered('stranger');
  ledger.deadLettered('stranger');
  expect(ledger.balance().unknown).toBe(2);
});

test('a duplicate counts as explained after an interruption or when its sender got no answer', () => {
  const ledger = new Ledger();
  ledger.interrupted(100_000)(101_000);
  const ends: Readonly<Record<string, readonly [sentAtMs: number, atMs: number, heard?: boolean]>> = {
    'settled before': [90_000, 94_000],
    'settled too late': [90_000, 95_500],
    'under way': [99_000, 130_000],
    'sent after': [101_001, 101_100],
    unheard: [50_000, 54_000, false],
  };
  for (const [id, [sentAtMs, atMs, heard = true]] of Object.entries(ends)) {
    ledger.send(id, sentAtMs);
    ledger.delivered(id, { atMs, heard });
    ledger.delivered(id, { atMs: atMs + 60_000 });
  }
  ledger.send('buried', 200_000);
  ledger.delivered('buried', { atMs: 200_100 });
  ledger.deadLettered('buried', 210_000);
  const { duplicates, unexplained } = ledger.balance();
  expect(duplicates).toBe(6);
  expect(unexplained).toEqual(['settled before', 'sent after', 'buried']);
});

test('an accepted event that has not been found yet counts as under way', () => {
  const ledger = newLedger(['a', 'b', 'c']);
  ledger.delivered('a');
  ledger.send('d');
  expect(ledger.underWay).toBe(2);
});

test('the delivery times of the events with a prefix count only the first delivery of each event', () => {
  const ledger = new Ledger();
  for (const [index, tookMs] of [300, 100, 200].entries()) {
    ledger.send(`healthy-${index}`, 1000);
    ledger.delivered(`healthy-${index}`, { atMs: 1000 + tookMs });
    ledger.delivered(`healthy-${index}`, { atMs: 9000 });
  }
  ledger.send('hung-1', 0);
  ledger.delivered('hung-1', { atMs: 5000 });
  ledger.send('healthy-4', 0);
  ledger.deadLettered('healthy-4', 7000);
  expect(ledger.deliveryTimeMs('healthy-', 0)).toBe(100);
  expect(ledger.deliveryTimeMs('healthy-', 0.5)).toBe(200);
  expect(ledger.deliveryTimeMs('healthy-', 1)).toBe(300);
  expect(ledger.deliveryTimeMs('slow-', 1)).toBe(undefined);
});

test('a balance is printed as an equation of accepted and found events', () => {
  const ledger = newLedger(Array.from({ length: 12 }, (_, index) => `e-${index}`));
  ledger.delivered('e-0');
  const text = formatBalance(ledger.balance());
  expect(text).toContain('12 accepted = 1 delivered + 0 dead-lettered + 11 lost\n');
});
