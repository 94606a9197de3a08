import { afterEach, expect, test, vi } from 'vitest';
import {
  attemptLines,
  createConclusionLines,
  deliveryLines,
  inColumns,
} from '../../../lib/commands/deliveries/delivery-columns.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';

afterEach(() => void vi.unstubAllEnvs());

const entryOf = (Outcome: string): JsonObject => ({
  EventId: 'delivered',
  ApiDestinationName: 'orders',
  BeganAt: 1,
  ConcludedAt: 1,
  Outcome,
  AttemptsMade: 1,
  Status: 204,
});
const outcomes = ['delivered', 'deferred', 'returned', 'waiting', 'unmatched', 'dead-lettered', 'refused'];
const withColours = (lines: () => readonly string[], forced = '1'): readonly string[] => {
  vi.stubEnv('FORCE_COLOR', forced);
  vi.stubEnv('NO_COLOR', forced === '1' ? undefined : '1');
  return lines();
};
const withoutCodes = (line: string) => line.replaceAll(/\u001B\[\d+m/g, '');

test.each([
  ['delivered', 32],
  ['deferred', 33],
  ['returned', 33],
  ['waiting', 33],
  ['unmatched', 33],
  ['dead-lettered', 31],
  ['refused', 31],
])('the outcome %s has the colour %d, and no other cell has one', (outcome, code) => {
  const painted = `\u001B[${code}m${outcome}\u001B[39m`;
  for (const line of withColours(() => deliveryLines([entryOf(outcome)])).slice(1)) {
    expect(line).toContain(`Z  ${painted}  orders`);
    expect(line.split('\u001B')).toHaveLength(3);
  }
  expect(withColours(() => createConclusionLines()([entryOf(outcome)]))[1]).toContain(`Z  ${painted} `);
  const shown = withColours(() => attemptLines({ ...entryOf(outcome), Attempts: [entryOf(outcome)] }));
  expect(shown[0]).toBe(`event delivered to orders: ${painted}`);
  expect(shown.at(-1)).toContain(`Z  ${painted}  `);
});

test('a list of deliveries has columns as wide with colours as without', () => {
  const entries = outcomes.map(entryOf);
  const plain = withColours(() => deliveryLines(entries), '0');
  expect(plain.join('')).not.toContain('\u001B');
  expect(withColours(() => deliveryLines(entries)).map(withoutCodes)).toEqual(plain);
});

test('columns without outcomes have no colours', () => {
  expect(withColours(() => inColumns([['delivered', 'refused']]))).toEqual(['delivered  refused']);
});
