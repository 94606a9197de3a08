import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import { LogsQueryError } from '../../adapters/logs-insights/errors.ts';
import { LogsDeliveryHistory } from '../../adapters/logs-insights/logs-history.ts';
import type { QueryProgress } from '../../adapters/logs-insights/query.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { createHistoryOperations } from '../../control/history/history-operations.ts';
import { partitionOf } from '../../core/destination/arn.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonObject } from '../../core/input/json.ts';
import type { DeliveryHistory } from '../../ports/history.ts';
import { readLastmileInput } from '../../protocol/routes.ts';
import { counted } from '../../local/terminal-text.ts';
import { Exit, timeOf } from '../command.ts';
import { callControlApi } from '../function-call.ts';
import type { StackAddress } from '../stack-address.ts';
import { serviceAddress } from '../stack-address.ts';

/** Calls an operation of the history. @throws Exit 1 with the refusal's code and message */
export type HistoryCall = (operation: string, input: JsonObject) => Promise<JsonObject>;

/**
 * Runs a command that reads the history of a stack. The control API of the local stack answers it. A deployed stack has its history in
 * its log lines, so the same operations run in this process and read the lines with the credentials of the caller.
 *
 * @throws Exit 130 when Ctrl-C has stopped a search
 */
export async function withHistory<Result>(
  address: StackAddress,
  work: (call: HistoryCall, signal?: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (address.stage === 'local') return await work((operation, input) => callControlApi(operation, input, address));
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Exit(130, 'Interrupted. The search has been stopped.'));
  process.once('SIGINT', interrupt);
  const progress = createProgressLine(process.stderr);
  const history = createLogsHistory(address, controller.signal, progress);
  try {
    const call = createHistoryCall(history, address.aws);
    const andClear: HistoryCall = async (operation, input) => await call(operation, input).finally(progress.clear);
    return await work(andClear, controller.signal);
  } finally {
    progress.end();
    process.off('SIGINT', interrupt);
  }
}

/** The sentence about the searched time range that a command prints when it found nothing. */
export function howFarBack(stage: string, { After }: JsonObject): string {
  if (stage === 'local') return 'It keeps 7 days.';
  return After === undefined
    ? 'The search covered the last 7 days; --after reaches back further.'
    : `The search covered the time since ${timeOf(After)}.`;
}

/** Checks the input against the service model and runs the operation, as the control API does. */
export function createHistoryCall(history: DeliveryHistory, aws: AwsClientConfig): HistoryCall {
  const { region = '' } = aws;
  const operations = createHistoryOperations({ history });
  const context = { region, account: '', partition: partitionOf(region), requestId: '' };
  return async (operation, input) => {
    try {
      return (await operations[operation]?.(readLastmileInput(operation, input), context)) ?? {};
    } catch (error) {
      if (error instanceof ServiceError) throw new Exit(1, `${error.code}: ${error.message}`);
      if (error instanceof LogsQueryError) throw new Exit(1, `${error.message}${whereCallsWent(aws)}`);
      throw error;
    }
  };
}

function whereCallsWent(aws: AwsClientConfig): string {
  const where = serviceAddress(aws, 'CLOUDWATCH_LOGS');
  return where === undefined ? '' : ` The calls went to ${where}.`;
}

/** An answer with 10,000 lines takes longer than the answers that the functions wait for. */
const client = {
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 20_000, throwOnRequestTimeout: true },
} as const;

export function createLogsHistory(
  { stage, aws }: StackAddress,
  signal: AbortSignal,
  progress: Pick<ProgressLine, 'show' | 'cut'>,
): DeliveryHistory {
  return new LogsDeliveryHistory({
    clientOf: (region) => new CloudWatchLogsClient({ ...client, ...aws, region }),
    logGroups: ['deliver', 'deliver-queued'].map((name) => `/aws/lambda/lastmile-${stage}-${name}`),
    clock: systemClock,
    signal,
    onProgress: progress.show,
    onCut: progress.cut,
  });
}

interface Terminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export interface ProgressLine {
  readonly show: (progress: QueryProgress) => void;
  readonly cut: (oldestMs: number) => void;
  /** Makes room for other output. */
  readonly clear: () => void;
  readonly end: () => void;
}

const clearLine = '\r\u001B[2K';

/** Shows on a terminal how far a search is. At its end it says how much was read, because AWS charges for it. */
export function createProgressLine(stderr: Terminal): ProgressLine {
  let last: QueryProgress | undefined;
  let oldestMs: number | undefined;
  let shown = false;
  return {
    show(progress) {
      last = progress;
      if (stderr.isTTY !== true) return;
      stderr.write(`${clearLine}searched ${amountOf(progress)} ...`);
      shown = true;
    },
    clear() {
      if (shown) stderr.write(clearLine);
      shown = false;
    },
    cut(ms) {
      oldestMs = ms;
    },
    end() {
      if (last === undefined) return;
      this.clear();
      stderr.write(`Searched ${amountOf(last)} in the logs.\n`);
      if (oldestMs === undefined) return;
      const since = new Date(oldestMs).toISOString();
      stderr.write(
        `There are too many lines, so only those since ${since} were read. Search less time with --after and --before, or one API destination or event.\n`,
      );
    },
  };
}

function amountOf({ bytesScanned, lines }: QueryProgress): string {
  return `${bytesText(bytesScanned)}, ${lines.toLocaleString('en-US')} ${counted(lines, 'line').replace(/^\S+ /, '')}`;
}

function bytesText(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
