import { expect, test } from 'vitest';
import { longestRequestTimeoutMs, visibilityTimeoutSeconds } from '../../../../lib/core/delivery/retry.ts';

test('a received message stays hidden for six times the time limit of the function', () => {
  expect(visibilityTimeoutSeconds(60)).toBe(360);
});

test('the longest request timeout is eight seconds below the time limit of the function', () => {
  expect(longestRequestTimeoutMs(60)).toBe(52_000);
});
