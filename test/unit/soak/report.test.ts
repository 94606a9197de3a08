import { expect, test } from 'vitest';
import { MemoryRecord } from '../../../soak/memory.ts';
import { faultsOf, formatResult } from '../../../soak/report.ts';
import type { TrialResult } from '../../../soak/trial.ts';

const balance = {
  accepted: 10,
  delivered: 9,
  deadLettered: 1,
  lost: [],
  unanswered: 0,
  unansweredButSettled: 0,
  refused: 0,
  duplicates: 1,
  unexplained: [],
  unknown: 0,
};

const second = { requests: 5, allowed: 6, ratePerSecond: 4, atMs: 0 };
const destination = {
  name: 'slow',
  requests: 12,
  unauthorized: 1,
  stalestMs: 0,
  fullest: second,
  connectionState: 'AUTHORIZED',
};

const megabyte = 1024 * 1024;
const growth = (growthBytes: number) => ({
  upMs: 60_000,
  firstHeapBytes: 40 * megabyte,
  lastHeapBytes: 40 * megabyte + growthBytes,
  firstResidentBytes: 150 * megabyte,
  lastResidentBytes: 160 * megabyte,
});

const clean: TrialResult = {
  name: 'the stack',
  brokenOff: undefined,
  healthyP99Ms: 900,
  balance,
  kills: 0,
  freezes: 0,
  changes: { rate: 2 },
  refusedChanges: [],
  deadLetters: { ERROR_FROM_TARGET: 1 },
  destinations: [destination],
  sendingMs: 70_000,
  tokens: 3,
  memory: [growth(megabyte)],
  failedCalls: 0,
  queued: 0,
  errors: [],
};

test('the report of a clean soak lists no faults', () => {
  expect(faultsOf(clean, false)).toEqual([]);
});

const faulty: readonly [string, Partial<TrialResult>][] = [
  ['ended early: Error', { brokenOff: 'Error', queued: undefined, balance: { ...balance, lost: ['a'] } }],
  ['2 accepted events are lost: a, b', { balance: { ...balance, lost: ['a', 'b'] } }],
  ['1 events were duplicated without a kill or freeze: c', { balance: { ...balance, unexplained: ['c'] } }],
  ['1 arrivals have no sent event', { balance: { ...balance, unknown: 1 } }],
  ['1 events were refused', { balance: { ...balance, refused: 1 } }],
  ['3 messages are left in the delivery queue', { queued: 3 }],
  ['a change was refused: rate of slow', { refusedChanges: ['rate of slow'] }],
  ['2 dead letters have the code NO_PERMISSIONS', { deadLetters: { NO_PERMISSIONS: 2 } }],
  ['slow got 7 requests within a second', { destinations: [{ ...destination, fullest: { ...second, requests: 7 } }] }],
  ['slow got requests on its old path 26.0 s after', { destinations: [{ ...destination, stalestMs: 26_000 }] }],
  ['the connection of slow is DEAUTHORIZED', { destinations: [{ ...destination, connectionState: 'DEAUTHORIZED' }] }],
  ['1 % of the events for healthy took more than 20.1 s, at most 20.0 s are allowed', { healthyP99Ms: 20_100 }],
  ['4 OAuth tokens were obtained, at most 3 are needed', { tokens: 4 }],
  ['the heap grew by 11.0 MB', { memory: [growth(11 * megabyte)] }],
  ['the heap grew by 21.0 MB', { kills: 1, memory: [growth(megabyte), growth(21 * megabyte)] }],
  [
    'the resident memory grew by 129.0 MB',
    { memory: [{ ...growth(0), lastResidentBytes: growth(0).firstResidentBytes + 129 * megabyte }] },
  ],
  ['the stack printed 1 errors, the first is: Unexpected', { errors: ['Unexpected', '    at somewhere'] }],
];

test.each(faulty)('the report of a soak lists "%s" as a fault', (fault, change) => {
  const [found = '', ...others] = faultsOf({ ...clean, ...change }, false);
  expect(found).toContain(`the stack: ${fault}`);
  expect(others).toEqual([]);
});

test('the report of a soak allows one more token for each change of credentials, kill and freeze', () => {
  const costly = { changes: { credentials: 2 }, kills: 1, freezes: 1 };
  expect(faultsOf({ ...clean, ...costly, tokens: 7 }, false)).toEqual([]);
  expect(faultsOf({ ...clean, ...costly, tokens: 8 }, false)).toHaveLength(1);
});

test('the report of a soak allows late deliveries after a kill or freeze', () => {
  expect(faultsOf({ ...clean, healthyP99Ms: 60_000, kills: 1 }, false)).toEqual([]);
  expect(faultsOf({ ...clean, healthyP99Ms: 60_000, freezes: 1 }, false)).toEqual([]);
});

test('the report of a soak that ended early does not list events under way as lost', () => {
  expect(faultsOf({ ...clean, balance: { ...balance, lost: ['a'] }, queued: 3 }, true)).toEqual([]);
});

test('the printed report of a soak shows its ledger, its rates and its memory', () => {
  const lines = formatResult(clean).split('\n');
  expect(lines).toContain('  10 accepted = 9 delivered + 1 dead-lettered + 0 lost');
  expect(lines).toContain('  slow    12 requests, fullest second 5 of 6 allowed at 4 a second, 1 with old credentials');
  expect(lines).toContain('  memory: heap 40.0 MB -> 41.0 MB, 150.0 MB -> 160.0 MB resident, in 60.0 s');
});

test('the growth of a warm process is measured between the medians of its first and its last measurements', () => {
  const record = new MemoryRecord();
  const look = (pid: number, upSeconds: number, megabytes: number) =>
    record.add({ pid, upMs: upSeconds * 1000, heapBytes: megabytes * megabyte, residentBytes: 0, failedCalls: 0 });
  for (const [index, megabytes] of [20, 30, 41, 90, 40, 43, 10, 42].entries()) look(1, 1 + 3 * index, megabytes);
  look(2, 6, 40);
  const growths = record.growths();
  expect(growths).toHaveLength(1);
  expect(growths[0]).toMatchObject({ firstHeapBytes: 41 * megabyte, lastHeapBytes: 42 * megabyte, upMs: 22_000 });
});
