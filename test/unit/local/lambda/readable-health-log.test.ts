import { expect, test } from 'vitest';
import { createReadableHealthLog } from '../../../../lib/local/lambda/readable-logs.ts';

test('a destination that becomes unhealthy and healthy again is logged in a line each, without control characters', () => {
  const lines: string[] = [];
  const nowMs = (): number => Date.UTC(2026, 0, 1, 9, 14, 3, 120);
  const log = createReadableHealthLog({ writeLine: (line) => lines.push(line), nowMs });
  const apiDestination = 'orders\u001B[2J';
  log.record({ event: 'unhealthy', apiDestination, code: 'TimedOut', failures: 5, nextProbeAtMs: nowMs() + 980 });
  log.record({ event: 'healthy', apiDestination, unhealthyForMs: 61_400 });
  expect(lines).toEqual([
    '09:14:03.120  unhealthy  orders?[2J, TimedOut, failures 5, next probe 09:14:04.100',
    '09:14:03.120  healthy  orders?[2J, after 61 s',
  ]);
});
