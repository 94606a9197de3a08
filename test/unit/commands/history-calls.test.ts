import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { beforeAll, afterAll, expect, test } from 'vitest';
import { LogsDeliveryHistory } from '../../../lib/adapters/logs-insights/logs-history.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { createHistoryCall, createProgressLine, howFarBack } from '../../../lib/commands/deliveries/history-calls.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { LogsServer } from '../../servers/aws/logs-server.ts';
import { startLogsServer } from '../../servers/aws/logs-server.ts';

let server: LogsServer;
beforeAll(async () => {
  server = await startLogsServer();
});
afterAll(() => server.stop());

const call = (operation: string, input: object) => {
  const clientOf = () => new CloudWatchLogsClient({ ...server.clientConfig, maxAttempts: 1 });
  const history = new LogsDeliveryHistory({ clientOf, logGroups: ['/aws/lambda/none'], clock: systemClock });
  return createHistoryCall(history, server.clientConfig)(operation, { ...input });
};

test.each<[string, object, string]>([
  ['ListDeliveries', { Limit: 0 }, "ValidationException: 1 validation error detected: Value '0' at 'limit'"],
  ['ListDeliveries', { After: 2, Before: 1 }, 'ValidationException: Failed to list the deliveries. Parameter After'],
  [
    'GetDelivery',
    { EventId: 'e' },
    "ValidationException: 1 validation error detected: Value null at 'apiDestinationName'",
  ],
])('the operation %s on log lines refuses the input %j as the control API does', async (operation, input, text) => {
  await expect(call(operation, input)).rejects.toMatchObject({ status: 1, message: expect.stringContaining(text) });
});

test('an error of a search in log lines ends the command with status 1, and names the address that the shell has set', async () => {
  const message = expect.stringMatching(
    /^us-east-1 has no log group .* The calls went to http:\/\/127\.0\.0\.1:\d+\.$/,
  );
  await expect(call('ListDeliveries', {})).rejects.toMatchObject({ status: 1, message });
});

test.each([
  [0, 0, '0 bytes, 0 lines'],
  [999, 1, '999 bytes, 1 line'],
  [1500, 2, '1.5 KB, 2 lines'],
  [123_456_789, 3200, '123 MB, 3,200 lines'],
  [9_000_000_000, 1_000_000, '9.0 GB, 1,000,000 lines'],
])(
  'a search of %d bytes that found %d lines ends with the sentence %j when its output is not a terminal',
  (bytesScanned, lines, text) => {
    const written: string[] = [];
    const progress = createProgressLine({ write: (each) => written.push(each) });
    progress.show({ bytesScanned, lines });
    progress.clear();
    progress.end();
    expect(written.join('')).toBe(`Searched ${text} in the logs.\n`);
  },
);

test('the progress of a search stands on a terminal in one line that is removed before other output', () => {
  const written: string[] = [];
  const progress = createProgressLine({ isTTY: true, write: (each) => written.push(each) });
  progress.show({ bytesScanned: 120_000_000, lines: 3200 });
  progress.clear();
  progress.clear();
  expect(written).toEqual(['\r\u001B[2Ksearched 120 MB, 3,200 lines ...', '\r\u001B[2K']);
});

test('a command that did not search says nothing, and one that left lines out says since when it has read them', () => {
  const written: string[] = [];
  const progress = createProgressLine({ write: (each) => written.push(each) });
  progress.end();
  expect(written).toEqual([]);
  progress.show({ bytesScanned: 1, lines: 1 });
  progress.cut(Date.UTC(2026, 0, 1));
  progress.end();
  expect(written.at(-1)).toMatch(/only those since 2026-01-01T00:00:00\.000Z were read\. Search less time/);
});

test.each<[string, JsonObject, string]>([
  ['local', { After: 1 }, 'It keeps 7 days.'],
  ['prod', {}, 'The search covered the last 7 days; --after reaches back further.'],
  ['prod', { After: 1_764_320_400 }, 'The search covered the time since 2025-11-28T09:00:00Z.'],
])('a search of the stage %s with the filter %j that found nothing says %j', (stage, filter, text) => {
  expect(howFarBack(stage, filter)).toBe(text);
});
