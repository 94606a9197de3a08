import { expect, test } from 'vitest';
import { formatBalance, isBalanced, Ledger } from '../../../lib/commands/soak-ledger.ts';

/** A ledger of events that were sent and answered alike. */
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
  expect(isBalanced(ledger.balance())).toBe(true);
});

test('an accepted event that is nowhere is lost, and the ledger does not balance', () => {
  const ledger = newLedger(['a', 'b']);
  ledger.delivered('a');
  expect(ledger.balance()).toMatchObject({ accepted: 2, delivered: 1, deadLettered: 0, lost: ['b'] });
  expect(isBalanced(ledger.balance())).toBe(false);
});

test('an event that was delivered twice and lies in the dead letters too is one delivery with two duplicates', () => {
  const ledger = newLedger(['a']);
  ledger.delivered('a');
  ledger.delivered('a');
  ledger.deadLettered('a');
  expect(ledger.balance()).toMatchObject({ accepted: 1, delivered: 1, deadLettered: 0, duplicates: 2 });
});

test('an event that arrives before its sender is answered counts', () => {
  const ledger = new Ledger();
  ledger.send('a');
  ledger.delivered('a');
  ledger.answered('a', 'accepted');
  expect(ledger.balance()).toMatchObject({ accepted: 1, delivered: 1, lost: [] });
});

test('what got no answer may have arrived or not, and what was refused is owed to nobody', () => {
  const ledger = newLedger(['a', 'b'], 'unanswered');
  ledger.delivered('a');
  ledger.send('c');
  ledger.answered('c', 'refused');
  expect(ledger.balance()).toMatchObject({ accepted: 0, unanswered: 2, unansweredButSettled: 1, refused: 1, lost: [] });
  expect(isBalanced(ledger.balance())).toBe(true);
});

test('an arrival that nobody has sent keeps a ledger from balancing', () => {
  const ledger = newLedger([]);
  ledger.delivered('stranger');
  ledger.deadLettered('stranger');
  expect(ledger.balance().unknown).toBe(2);
  expect(isBalanced(ledger.balance())).toBe(false);
});

test('a printed balance is an equation, with the first of the lost by name', () => {
  const ledger = newLedger(Array.from({ length: 12 }, (_, index) => `e-${index}`));
  ledger.delivered('e-0');
  const text = formatBalance(ledger.balance());
  expect(text).toContain('12 accepted = 1 delivered + 0 dead-lettered + 11 lost\n');
  expect(text).toMatch(/\nlost: e-1, .*e-10$/);
});
