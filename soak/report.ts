import { changeEffectMs } from './destination.ts';
import { formatBalance } from './ledger.ts';
import type { MemoryGrowth } from './memory.ts';
import type { DestinationResult, TrialResult } from './trial.ts';

/**
 * Largest heap growth allowed for a process that serves for ten minutes. The work in progress alone makes a difference
 * of a few megabytes.
 */
const steadyGrowthBytes = 10 * 1024 * 1024;

/**
 * Largest heap growth allowed for a process that lives only for seconds between two kills. In this time its caches fill, and it
 * takes over the work of the process before it.
 */
const lifetimeGrowthBytes = 20 * 1024 * 1024;

/** Largest growth allowed for the resident memory. In its first minutes, Node reserves more and more memory for garbage. */
const residentGrowthBytes = 128 * 1024 * 1024;

/**
 * At its lowest rate, the healthy destination needs 8 s for two bursts at once. A few retries and a busy machine may double this
 * time. If dead endpoints delayed its events, they would take half a minute or more.
 */
const longestHealthyMs = 20_000;

const maxShown = 10;

/**
 * Lists everything that should not have happened, one line each. If an error ended the trial early, only this error is listed.
 *
 * @param cutOff whether somebody ended the soak early; events in progress are then not a fault
 */
export function faultsOf(result: TrialResult, cutOff: boolean): readonly string[] {
  const { balance, destinations, refusedChanges, queued, errors, deadLetters } = result;
  if (result.brokenOff !== undefined) return [`${result.name}: ended early: ${result.brokenOff}`];
  const { lost, unexplained, unknown, refused } = balance;
  // Leaves out the lines of stack traces.
  const printed = errors.filter((line) => !/^\s/.test(line));
  const faults: (string | false)[] = [
    lost.length > 0 && !cutOff && `${lost.length} accepted events are lost: ${some(lost)}`,
    unexplained.length > 0 &&
      `${unexplained.length} events were duplicated without a kill or freeze: ${some(unexplained)}`,
    unknown > 0 && `${unknown} arrivals have no sent event, or differ from what was sent`,
    refused > 0 && `${refused} events were refused`,
    queued !== 0 && !cutOff && `${queued ?? 'unknown'} messages are left in the delivery queue`,
    ...refusedChanges.map((change) => `a change was refused: ${change}`),
    ...Object.entries(deadLetters).map(
      ([code, count]) => !expectedCodes.includes(code) && `${count} dead letters have the code ${code}`,
    ),
    ...destinations.flatMap(destinationFaults),
    healthyFault(result),
    result.tokens > tokenLimit(result) &&
      `${result.tokens} OAuth tokens were obtained, at most ${tokenLimit(result)} are needed`,
    ...result.memory.map((growth) => memoryFault(result, growth)),
    printed.length > 0 && `the stack printed ${printed.length} errors, the first is: ${printed[0]}`,
  ];
  return faults.filter((fault) => fault !== false).map((fault) => `${result.name}: ${fault}`);
}

/** Codes of events whose retries are used up. Any other code is a fault of the configuration or of Lastmile. */
const expectedCodes: readonly string[] = ['ERROR_FROM_TARGET', 'THROTTLING', 'CONNECTION_FAILURE', 'TIMEOUT'];

function destinationFaults({ name, fullest, stalestMs, connectionState }: DestinationResult): (string | false)[] {
  return [
    fullest !== undefined &&
      fullest.requests > fullest.allowed &&
      `${name} got ${fullest.requests} requests within a second, at most ${fullest.allowed} are allowed at ${fullest.ratePerSecond} a second`,
    stalestMs > changeEffectMs && `${name} got requests on its old path ${seconds(stalestMs)} after it was changed`,
    connectionState !== 'AUTHORIZED' && `the connection of ${name} is ${connectionState}`,
  ];
}

/**
 * Dead destinations must not delay the events of the healthy one. Kills and freezes may delay them, so a soak with kills or
 * freezes does not check this.
 */
function healthyFault({ healthyP99Ms = 0, kills, freezes }: TrialResult): string | false {
  if (kills + freezes > 0 || healthyP99Ms <= longestHealthyMs) return false;
  return `1 % of the events for healthy took more than ${seconds(healthyP99Ms)}, at most ${seconds(longestHealthyMs)} are allowed`;
}

function memoryFault({ kills }: TrialResult, growth: MemoryGrowth): string | false {
  const limit = kills > 0 ? lifetimeGrowthBytes : steadyGrowthBytes;
  const grown = heapGrowth(growth);
  const resident = growth.lastResidentBytes - growth.firstResidentBytes;
  const inTime = `within ${seconds(growth.upMs)}`;
  if (grown > limit) return `the heap grew by ${megabytes(grown)} ${inTime}`;
  return resident > residentGrowthBytes && `the resident memory grew by ${megabytes(resident)} ${inTime}`;
}

/**
 * The most tokens that a stack may obtain: one at the beginning, one a minute, one for each new pair of credentials, and one
 * for each renewal that a kill or a freeze may have interrupted.
 */
function tokenLimit({ sendingMs, changes, kills, freezes }: TrialResult): number {
  return 2 + Math.floor(sendingMs / 60_000) + (changes['credentials'] ?? 0) + kills + freezes;
}

/** The ledger and all measurements, for readers who have not seen the code. */
export function formatResult(result: TrialResult): string {
  const { name, kills, freezes, balance, destinations, tokens, healthyP99Ms } = result;
  const changes = Object.entries(result.changes).map(([kind, count]) => `${count} of ${kind}`);
  const codes = Object.entries(result.deadLetters).map(([code, count]) => `${count} ${code}`);
  return [
    `${name}: ${kills} kills, ${freezes} freezes, changes: ${changes.join(', ') || 'none'}`,
    ...formatBalance(balance).split('\n'),
    ...(codes.length > 0 ? [`dead letters: ${codes.join(', ')}`] : []),
    ...destinations.map(formatDestination),
    ...(healthyP99Ms === undefined ? [] : [`99 % of the events for healthy arrived within ${seconds(healthyP99Ms)}`]),
    ...(result.failedCalls > 0
      ? [`at least ${result.failedCalls} calls for the rate and for queues failed on purpose`]
      : []),
    `${tokens} OAuth tokens obtained`,
    formatMemory(result.memory),
  ].join('\n  ');
}

function formatDestination({ name, requests, unauthorized, stalestMs, fullest }: DestinationResult): string {
  const second =
    fullest === undefined
      ? 'no request'
      : `fullest second ${fullest.requests} of ${fullest.allowed} allowed at ${fullest.ratePerSecond} a second`;
  const stale = stalestMs > 0 ? `, old path used for ${seconds(stalestMs)} at most` : '';
  return `${name.padEnd(7)} ${requests} requests, ${second}, ${unauthorized} with old credentials${stale}`;
}

function formatMemory(growths: readonly MemoryGrowth[]): string {
  const [first] = growths;
  if (first === undefined) return 'memory: not measured, because no process lived long enough';
  const worst = growths.reduce((one, other) => (heapGrowth(other) > heapGrowth(one) ? other : one), first);
  const { firstHeapBytes, lastHeapBytes, firstResidentBytes, lastResidentBytes, upMs } = worst;
  const which = growths.length === 1 ? '' : `largest growth of ${growths.length} processes: `;
  const resident = `${megabytes(firstResidentBytes)} -> ${megabytes(lastResidentBytes)} resident`;
  return `memory: ${which}heap ${megabytes(firstHeapBytes)} -> ${megabytes(lastHeapBytes)}, ${resident}, in ${seconds(upMs)}`;
}

function heapGrowth({ firstHeapBytes, lastHeapBytes }: MemoryGrowth): number {
  return lastHeapBytes - firstHeapBytes;
}

function some(ids: readonly string[]): string {
  return ids.slice(0, maxShown).join(', ') + (ids.length > maxShown ? ', ...' : '');
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
