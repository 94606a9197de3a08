import { expect, test } from 'vitest';
import { durationText } from '../../../lib/console/page/overview/duration-text.ts';

test.each([
  [0, '0 s'],
  [0.4, '0 s'],
  [59.6, '1 min'],
  [61, '1 min 1 s'],
  [7500, '2 h 5 min'],
  [7201, '2 h 1 s'],
  [90_000, '1 d 1 h'],
])('%s seconds are shown as %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
