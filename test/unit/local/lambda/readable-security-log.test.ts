import { expect, test } from 'vitest';
import { createReadableSecurityLog } from '../../../../lib/local/lambda/readable-logs.ts';

test('a refused address is logged in one line with time, host and reason, without control characters', () => {
  const lines: string[] = [];
  const nowMs = (): number => Date.UTC(2026, 0, 1, 9, 14, 3, 120);
  const log = createReadableSecurityLog({ writeLine: (line) => lines.push(line), nowMs });
  log.addressRefused({ host: 'inside\u001B[2J', address: '10.1.2.3', reason: 'private' });
  log.addressRefused({ host: '[::1]', reason: 'loopback' });
  expect(lines).toEqual([
    '09:14:03.120  refused  the address of inside?[2J: 10.1.2.3, private',
    '09:14:03.120  refused  the address of [::1]: loopback',
  ]);
});
