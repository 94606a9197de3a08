import { expect, test } from 'vitest';
import { createReadableConnectionLog } from '../../../../lib/local/lambda/readable-logs.ts';

test('a deauthorized connection is logged in one line with time and name, without control characters', () => {
  const lines: string[] = [];
  const nowMs = (): number => Date.UTC(2026, 0, 1, 9, 14, 3, 120);
  const log = createReadableConnectionLog({ writeLine: (line) => lines.push(line), nowMs });
  log.deauthorized('shop\u001B[2J');
  expect(lines).toEqual(['09:14:03.120  deauthorized  connection shop?[2J']);
});
