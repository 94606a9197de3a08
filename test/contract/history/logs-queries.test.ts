import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { LogsHistoryOptions } from '../../../lib/adapters/logs-insights/logs-history.ts';
import { LogsDeliveryHistory } from '../../../lib/adapters/logs-insights/logs-history.ts';
import { formatConclusion } from '../../../lib/adapters/log/json-lines.ts';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import type { HistoryFilter } from '../../../lib/ports/history.ts';
import type { Behaviour, LogsCall, LogsServer } from '../../servers/aws/logs-server.ts';
import { startLogsServer } from '../../servers/aws/logs-server.ts';
import { delivered } from './delivery-history.ts';

const region = 'us-east-1';
const logGroups = ['/aws/lambda/lastmile-prod-deliver', '/aws/lambda/lastmile-prod-deliver-queued'] as const;
const nowMs = Date.UTC(2026, 0, 20);
const [dayMs, hourMs] = [86_400_000, 3_600_000];

let server: LogsServer;
let delays: number[];
beforeEach(async () => {
  server = await startLogsServer();
  onTestFinished(() => server.stop());
  for (const group of logGroups) server.createGroup(region, group, nowMs - 15 * dayMs);
  delays = [];
});

function historyOf(options: Partial<LogsHistoryOptions> = {}): LogsDeliveryHistory {
  const client = new CloudWatchLogsClient({ ...server.clientConfig, maxAttempts: 1 });
  const clock = {
    nowMs: () => nowMs,
    delay: async (delayMs: number) => void delays.push(delayMs),
  };
  // A busy machine may need longer than a person wants to wait.
  const stopWithinMs = 15_000;
  return new LogsDeliveryHistory({ clientOf: () => client, logGroups, clock, stopWithinMs, ...options });
}

/** Adds a line of a delivery that ended this long ago. */
function line(agoMs: number, conclusion: Partial<Conclusion>, group: string = logGroups[0]): void {
  server.append(region, group, nowMs - agoMs, formatConclusion({ ...delivered, ...conclusion }));
}

const idsOf = async (history: LogsDeliveryHistory, filter: HistoryFilter = {}) =>
  (await history.list(region, filter, { limit: 100 })).deliveries.map(({ eventId }) => eventId);
const started = () => server.calls.filter(({ operation }) => operation === 'StartQuery').map(({ input }) => input);
const names = (calls: readonly LogsCall[]) => calls.map(({ operation }) => operation);

test('a search of the deployed history covers the 7 days until now in the log groups of both functions, unless the filter names a time', async () => {
  line(7 * dayMs + 1000, { eventId: 'old' });
  line(7 * dayMs - 1000, { eventId: 'new' });
  expect(await idsOf(historyOf())).toEqual(['new']);
  expect(started()[0]).toMatchObject({
    logGroupNames: logGroups,
    startTime: (nowMs - 7 * dayMs) / 1000,
    limit: 100_000,
  });
  expect(await idsOf(historyOf(), { afterMs: nowMs - 8 * dayMs })).toEqual(['new', 'old']);
  expect(await idsOf(historyOf(), { beforeMs: nowMs - 6.5 * dayMs })).toEqual(['new', 'old']);
});

test('log lines beyond the most rows of a query are found by further queries, also when they are of the same millisecond', async () => {
  const ids = Array.from({ length: 25 }, (_, index) => `event-${index}`);
  for (const [index, eventId] of ids.entries()) line(Math.floor(index / 7) * 10, { eventId }, logGroups[index % 2]);
  expect((await idsOf(historyOf({ maxRows: 10 }))).toSorted()).toEqual(ids.toSorted());
  expect(started().length).toBeGreaterThan(3);
});

test('older log lines are found although more lines of one millisecond exist than a query has rows', async () => {
  for (let index = 0; index < 12; index += 1) line(1000, { eventId: `event-${index}` });
  line(2000, { eventId: 'older' });
  expect(await idsOf(historyOf({ maxRows: 10 }))).toContain('older');
});

test('a query with more rows than one answer holds is read to its last page', async () => {
  server.maxRowsOfAnswer = 4;
  for (let index = 0; index < 10; index += 1) line(index, { eventId: `event-${index}` });
  expect(await idsOf(historyOf())).toHaveLength(10);
  expect(started()).toHaveLength(1);
});

test('where a query may have 10,000 rows only, the search goes on with this limit', async () => {
  server.maxRowsOfQuery = 10_000;
  line(1000, {});
  const history = historyOf();
  for (const _of of [1, 2]) expect(await idsOf(history)).toEqual(['event-1']);
  expect(started().map(({ limit }) => limit)).toEqual([100_000, 10_000, 10_000]);
  server.maxRowsOfQuery = 0;
  await expect(idsOf(history)).rejects.toThrow('logs:StartQuery failed in us-east-1. InvalidParameterException');
});

test('a search with too many lines keeps the newest, says so, and leaves out deliveries whose beginning it did not read', async () => {
  const cuts: number[] = [];
  for (let index = 0; index < 20; index += 1) line(index * 1000, { eventId: `event-${index}` });
  line(0, { eventId: 'event-19', attempts: 2 });
  const history = historyOf({ maxRows: 4, maxLines: 8, onCut: (oldestMs) => cuts.push(oldestMs) });
  const found = await idsOf(history);
  expect(found[0]).toBe('event-0');
  expect(found).not.toContain('event-19');
  expect(cuts).toEqual([nowMs - (found.length - 1) * 1000]);
});

test('a filter on the last record of a delivery searches only the lines of the events that have such a record', async () => {
  const failed = { settlement: { kind: 'dead-lettered' }, code: 'EndpointRejected', status: 422 } as const;
  line(3 * hourMs, { ...failed, eventId: 'redriven' });
  line(2 * hourMs, { ...failed, eventId: 'dead' });
  line(hourMs, { eventId: 'redriven', attempts: 2 });
  line(hourMs, { eventId: 'other' });
  expect(await idsOf(historyOf(), { outcome: 'dead-lettered' })).toEqual(['dead']);
  const [first, second, ...more] = started().map(({ queryString }) => String(queryString));
  expect(first).toContain('outcome = "dead-lettered"');
  expect(second).toMatch(/ and eventId in \["(dead|redriven)", "(dead|redriven)"\]/);
  expect(more).toEqual([]);
});

test('a filter on the last record of a delivery also finds inputs that are not events', async () => {
  const unreadable = {
    settlement: { kind: 'dead-lettered' },
    code: 'InvalidJson',
    attempts: 0,
    durationMs: 1,
  } as const;
  server.append(region, logGroups[0], nowMs - 1000, formatConclusion(unreadable));
  const { deliveries } = await historyOf().list(region, { code: 'InvalidJson' }, { limit: 10 });
  expect(deliveries).toMatchObject([{ last: { code: 'InvalidJson' } }]);
});

test('events that are too many for the length of one query are searched with several', async () => {
  const ids = Array.from({ length: 5 }, (_, index) => `${index}`.repeat(3000));
  for (const eventId of ids) line(1000, { eventId, status: 200 });
  expect((await idsOf(historyOf(), { status: 200 })).toSorted()).toEqual(ids);
});

test('more than 1,000 events are not searched one by one: the second query reads all lines', async () => {
  for (let index = 0; index < 1001; index += 1) line(index, { eventId: `event-${index}`, status: 200 });
  const first = await historyOf().list(region, { status: 200 }, { limit: 1 });
  expect(first.deliveries).toMatchObject([{ eventId: 'event-0' }]);
  expect(started().map(({ queryString }) => String(queryString).includes(' in ['))).toEqual([false, false]);
});

test('a log line that can be found only a minute after it was written is a new record of the history', async () => {
  const history = historyOf();
  line(60_000, { eventId: 'known' });
  const { position } = await history.recordsAfter(region, {}, { limit: 10 });
  line(61_000, { eventId: 'late' });
  const { conclusions } = await history.recordsAfter(region, {}, { limit: 10, after: position });
  expect(conclusions.map(({ eventId }) => eventId)).toEqual(['late']);
});

test('new records of a rule are not those of a rule whose name begins with its name', async () => {
  const history = historyOf();
  const { position } = await history.recordsAfter(region, { rule: 'orders' }, { limit: 10 });
  for (const name of ['orders-eu', 'orders']) line(0, { rule: `arn:aws:events:us-east-1:123456789012:rule/${name}` });
  const { conclusions } = await history.recordsAfter(region, { rule: 'orders' }, { limit: 10, after: position });
  expect(conclusions).toMatchObject([{ rule: 'arn:aws:events:us-east-1:123456789012:rule/orders' }]);
});

test.each<[string, HistoryFilter]>([
  ['every delivery', {}],
  ['a status', { status: 204 }],
])('a delivery that waited before the beginning of the time range is not in a list of %s', async (_what, filter) => {
  line(3 * hourMs, { settlement: { kind: 'deferred', notBeforeMs: nowMs - hourMs }, attempts: 0 });
  line(hourMs, {});
  expect(await idsOf(historyOf(), { ...filter, afterMs: nowMs - 2 * hourMs })).toEqual([]);
});

test('a delivery that a list has found is read from the log lines since its beginning', async () => {
  line(hourMs, {});
  const history = historyOf();
  await idsOf(history, { eventId: 'event-1' });
  expect(await history.get(region, 'event-1', 'orders')).toHaveLength(1);
  expect(started()[1]?.['startTime']).toBe((nowMs - hourMs) / 1000);
});

test('a list of the deliveries of a rule leaves out a rule whose name begins with the searched name', async () => {
  line(1000, { eventId: 'a', rule: 'arn:aws:events:us-east-1:123456789012:rule/orders' });
  line(1000, { eventId: 'b', rule: 'arn:aws:events:us-east-1:123456789012:rule/orders-eu' });
  expect(await idsOf(historyOf(), { rule: 'orders' })).toEqual(['a']);
});

test('quotes and signs of regular expressions in a filter of the history are meant literally', async () => {
  line(1000, { eventId: 'say "hi\\"', settlement: { kind: 'deferred', notBeforeMs: 0 }, answer: 'a/b (c) [d]+ \\e' });
  line(1000, { eventId: 'other', settlement: { kind: 'deferred', notBeforeMs: 0 }, answer: 'a/b c d e' });
  expect(await idsOf(historyOf(), { eventId: 'say "hi\\"' })).toEqual(['say "hi\\"']);
  expect(await idsOf(historyOf(), { text: 'A/B (c) [d]+ \\E' })).toEqual(['say "hi\\"']);
});

test('log lines that are not the conclusion of a delivery are left out of the deployed history', async () => {
  line(1000, {});
  server.append(region, logGroups[0], nowMs, JSON.stringify({ message: 'destination.unhealthy', eventId: 'x' }));
  expect(await idsOf(historyOf())).toEqual(['event-1']);
});

test('a log group that does not exist is left out, and the second query does not ask for it again', async () => {
  server.createGroup('eu-west-1', logGroups[1]);
  server.append('eu-west-1', logGroups[1], nowMs, formatConclusion(delivered));
  const client = new CloudWatchLogsClient({ ...server.clientConfig, region: 'eu-west-1', maxAttempts: 1 });
  const history = historyOf({ clientOf: () => client });
  expect((await history.list('eu-west-1', {}, { limit: 1 })).deliveries).toHaveLength(1);
  expect(await history.get('eu-west-1', 'event-1', 'orders')).toHaveLength(1);
  expect(started().map(({ logGroupNames }) => (logGroupNames as string[]).length)).toEqual([2, 1, 1, 1]);
});

test('a search in a time before the log groups were created finds nothing', async () => {
  server.createGroup(region, logGroups[0], nowMs - hourMs);
  server.createGroup(region, logGroups[1], nowMs - hourMs);
  line(1000, {});
  expect(await idsOf(historyOf(), { afterMs: nowMs - 2 * hourMs })).toEqual(['event-1']);
});

test('the progress of a search counts the bytes and lines of all its queries', async () => {
  const seen: unknown[] = [];
  line(1000, {});
  const bytes = formatConclusion(delivered).length;
  const history = historyOf({ onProgress: (progress) => seen.push(progress) });
  await idsOf(history);
  await history.get(region, 'event-1', 'orders');
  expect(seen.at(-1)).toEqual({ bytesScanned: 2 * bytes, lines: 2 });
});

test('a query of Logs Insights is repeated while too many others run, and then refused with the way out', async () => {
  line(1000, {});
  let refusals = 2;
  const error = {
    error: 'LimitExceededException',
    message: 'Account maximum query concurrency limit of [30] reached.',
  };
  server.behave = ({ operation }) => (operation === 'StartQuery' && refusals-- > 0 ? error : undefined);
  expect(await idsOf(historyOf())).toEqual(['event-1']);
  expect(delays.slice(0, 2)).toEqual([1000, 2000]);
  refusals = Number.POSITIVE_INFINITY;
  await expect(idsOf(historyOf())).rejects.toThrow(/^Too many queries .* \[30\] reached\. Wait until some have ended/);
});

test.each<[string, string, Behaviour, RegExp]>([
  [
    'is not allowed',
    'StartQuery',
    { error: 'AccessDeniedException' },
    /refuses logs:StartQuery in us-east-1.*allow logs:StartQuery, logs:GetQueryResults and logs:StopQuery/,
  ],
  ['has an expired token', 'StartQuery', { error: 'ExpiredTokenException' }, /The credentials must be valid/],
  [
    'is throttled',
    'GetQueryResults',
    { error: 'ThrottlingException' },
    /throttles logs:GetQueryResults.*Try again in a minute/,
  ],
  ['is malformed', 'StartQuery', { error: 'MalformedQueryException' }, /logs:StartQuery failed in us-east-1/],
  ['may not read its results', 'GetQueryResults', { error: 'AccessDeniedException' }, /refuses logs:GetQueryResults/],
  ['fails', 'GetQueryResults', { status: 'Failed' }, /failed in Logs Insights \(status Failed\)/],
  ['is cancelled by somebody else', 'GetQueryResults', { status: 'Cancelled' }, /Somebody stopped the query/],
  ['runs too long', 'GetQueryResults', { status: 'Timeout' }, /Search less time with --after and --before/],
  ['has an unknown status', 'GetQueryResults', { status: 'Unknown' }, /status Unknown/],
])(
  'a query of Logs Insights that %s ends with an error that names the cause and the way out',
  async (_what, failing, behaviour, text) => {
    server.behave = ({ operation }) => (operation === failing ? behaviour : undefined);
    await expect(idsOf(historyOf())).rejects.toThrow(text);
    expect(names(server.calls).includes('StopQuery')).toBe(failing === 'GetQueryResults');
  },
);

test('a search without a log group ends with an error that names the groups and what to check', async () => {
  const history = historyOf({
    logGroups: ['/aws/lambda/lastmile-prdo-deliver', '/aws/lambda/lastmile-prdo-deliver-queued'],
  });
  await expect(idsOf(history)).rejects.toThrow(
    'us-east-1 has no log group /aws/lambda/lastmile-prdo-deliver and /aws/lambda/lastmile-prdo-deliver-queued. Check the stage',
  );
});

test.each([
  ['while a query runs', 'GetQueryResults'],
  ['while a query is started', 'StartQuery'],
])('an abort of a search %s stops the query of Logs Insights', async (_when, during) => {
  const controller = new AbortController();
  server.behave = ({ operation }) => {
    if (operation === during) controller.abort(new Error('interrupted'));
    return operation === 'GetQueryResults' ? { silent: true } : undefined;
  };
  await expect(idsOf(historyOf({ signal: controller.signal }))).rejects.toThrow('interrupted');
  expect(names(server.calls).at(-1)).toBe('StopQuery');
});

test('an abort of a search between two looks at its query stops the query of Logs Insights', async () => {
  const controller = new AbortController();
  const delay = async () => {
    controller.abort(new Error('interrupted'));
    controller.signal.throwIfAborted();
  };
  const history = historyOf({ signal: controller.signal, clock: { nowMs: () => nowMs, delay } });
  await expect(idsOf(history)).rejects.toThrow('interrupted');
  expect(names(server.calls)).toEqual(['StartQuery', 'GetQueryResults', 'StopQuery']);
});
