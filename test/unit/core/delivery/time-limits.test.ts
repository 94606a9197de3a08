import { expect, test } from 'vitest';
import { longestRequestTimeoutMs, visibilityTimeoutSeconds } from '../../../../lib/core/delivery/retry.ts';

test('a received message stays hidden for six times the time limit of the function', () => {
  expect(visibilityTimeoutSeconds(60)).toBe(360);
});

test('a request may take the time limit of the function less eight seconds', () => {
  expect(longestRequestTimeoutMs(60)).toBe(52_000);
});
