import { randomUUID } from 'node:crypto';
import type { DoorOperation } from '../../console/api/operations.ts';
import { isDoorOperation } from '../../console/api/operations.ts';
import type { PerformOperation } from '../../console/door/door.ts';
import { createPerformOperation } from '../../console/door/perform.ts';
import { partitionOf } from '../../core/destination/arn.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { isJsonObject, parseJson } from '../../core/input/json.ts';
import { toServiceError } from '../../protocol/access.ts';
import type { Operations } from '../../protocol/control-request.ts';
import { readEventsInput } from '../../protocol/model/events-input.ts';
import type { InvocationOutcome } from '../lambda/function-runner.ts';
import type { LocalCall } from './local-operations.ts';

export interface ConsoleCallsOptions {
  readonly account: string;
  /** The operations that the event bus performs. The functions perform all others. */
  readonly busOperations: Operations;
  /** The operations that only the console has, and that read the history. */
  readonly doorOperations: Readonly<Record<DoorOperation, LocalCall>>;
  readonly run: (functionName: string, region: string, event: JsonObject) => Promise<InvocationOutcome>;
  readonly reportFailure: (functionName: string, outcome: InvocationOutcome) => void;
  readonly reportFault: (where: string, error: unknown) => void;
}

/**
 * Performs the console's operations in this process. The door has checked the person's session, so no API key is needed, even if the
 * stack requires keys.
 */
export function createConsoleCalls(options: ConsoleCallsOptions): PerformOperation {
  const { account, busOperations, doorOperations, run, reportFailure, reportFault } = options;
  const byFunctions = createPerformOperation(async (name, event, region) => {
    const outcome = await run(name, region, event);
    const output = outcome.error === undefined ? parseJson(outcome.payload) : undefined;
    if (isJsonObject(output)) return { output };
    reportFailure(name, outcome);
    const message = outcome.error?.message ?? `The function ${name} gave no answer.`;
    return { error: { code: outcome.error?.type ?? 'InternalFailure', message } };
  });
  const contextIn = (region: string) => ({
    region,
    account,
    partition: partitionOf(region),
    requestId: randomUUID(),
  });
  return async (operation, input, region) => {
    const ofBus = Object.hasOwn(busOperations, operation) ? busOperations[operation] : undefined;
    const callHere = isDoorOperation(operation)
      ? async () => await doorOperations[operation](region, input)
      : ofBus && (async () => ({ output: await ofBus(readEventsInput(operation, input), contextIn(region)) }));
    if (callHere === undefined) return await byFunctions(operation, input, region);
    try {
      return await callHere();
    } catch (error) {
      const { code, message } = toServiceError(error);
      if (code === 'InternalException') reportFault('the console', error);
      return { error: { code, message } };
    }
  };
}
