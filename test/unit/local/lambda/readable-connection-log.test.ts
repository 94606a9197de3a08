import { expect, test } from 'vitest';
import { createReadableConnectionLog } from '../../../../lib/local/lambda/readable-logs.ts';

test('a deauthorized connection is logged in one line with time and name, without control characters', () => {
  const lines: string[] = [];
  const nowMs = (): number => Date.UTC(2026, 0, 1, 9, 14, 3, 120);
  const log = createReadableConnectionLog({ writeLine: (line) => lines.push(line), nowMs });
  log.deauthorized('shop\u001B[2J');
  expect(lines).toEqual(['09:14:03.120  deauthorized  connection shop?[2J']);
});

test.each([
  ['the time of the next try', Date.UTC(2026, 0, 1, 9, 15, 3, 120), 'next try 09:15:03.120'],
  ['the words that no try follows', undefined, 'no further try'],
])('a failed token request is logged in one line with its reason and %s', (_what, nextTryAtMs, next) => {
  const lines: string[] = [];
  const nowMs = (): number => Date.UTC(2026, 0, 1, 9, 14, 3, 120);
  const log = createReadableConnectionLog({ writeLine: (line) => lines.push(line), nowMs });
  const failed = { connection: 'shop', code: 'TokenUnavailable', reason: 'It\nfailed.' } as const;
  log.tokenFailed({ ...failed, ...(nextTryAtMs !== undefined && { nextTryAtMs }) });
  expect(lines).toEqual([`09:14:03.120  no token  connection shop  TokenUnavailable: It?failed.  ${next}`]);
});
