import { isOwnOperation } from '../api/operations.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import type { CallResult, InvokeFunction, PerformOperation } from './door.ts';
import { own } from './own-operations.ts';

/** Performs operations by the stack's functions. Both doors can invoke them, each in its own way. */
export function createPerformOperation(invoke: InvokeFunction): PerformOperation {
  return async (operation, input, region) => {
    if (isOwnOperation(operation)) return await own[operation](invoke, input, region);
    const result = await invoke('control-api', { operation, input }, region);
    return 'error' in result ? result : controlResult(result.output);
  };
}

/** The answer of control-api to a direct invocation: `output`, or `error` with its code and message. */
function controlResult({ output, error }: JsonObject): CallResult {
  if (isJsonObject(output)) return { output };
  const { code, message } = isJsonObject(error) ? error : {};
  if (typeof code === 'string' && typeof message === 'string') return { error: { code, message } };
  return {
    error: {
      code: 'InternalFailure',
      message:
        'The console cannot read the answer of the function control-api. Use the version of Lastmile that is deployed.',
    },
  };
}
