import type { CallResult, PerformOperation } from '../../console/door/door.ts';
import { LogsQueryError } from '../../adapters/logs-insights/errors.ts';
import { createHistoryOperations } from '../../control/history/history-operations.ts';
import { partitionOf } from '../../core/destination/arn.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { readLastmileInput } from '../../protocol/routes.ts';
import { createLogsHistory } from '../deliveries/history-calls.ts';
import type { StackAddress } from '../stack-address.ts';

const operations: ReadonlySet<string> = new Set(['ListDeliveries', 'GetDelivery', 'GetConclusions']);

export function isAboutHistory(operation: string): boolean {
  return operations.has(operation);
}

interface StageHistoryOptions {
  readonly address: StackAddress;
  /** Ends the searches that run, so that AWS reads no more for them. */
  readonly signal: AbortSignal;
  /** Takes a sentence for the person at the terminal. */
  readonly report: (text: string) => void;
}

/** Reads the history of a deployed stack from its log lines, with the credentials of the person. */
export function createStageHistory({ address, signal, report }: StageHistoryOptions): PerformOperation {
  const { stage, aws } = address;
  return async (operation, input, region) => {
    const history = createLogsHistory({ stage, aws: { ...aws, region } }, signal, {
      show: () => undefined,
      cut: (oldestMs) =>
        report(
          `A search found too many lines, so it left out those before ${new Date(oldestMs).toISOString()}. Filter by time, API destination or event.`,
        ),
    });
    const context = { region, account: '', partition: partitionOf(region), requestId: '' };
    try {
      const perform = createHistoryOperations({ history })[operation];
      const output: JsonObject = (await perform?.(readLastmileInput(operation, input), context)) ?? {};
      return { output };
    } catch (error) {
      return { error: refusalOf(error) };
    }
  };
}

function refusalOf(error: unknown): Extract<CallResult, { readonly error: object }>['error'] {
  if (error instanceof ServiceError) return { code: error.code, message: error.message };
  if (error instanceof LogsQueryError) return { code: 'LogsNotSearched', message: error.message };
  throw error;
}
