import type { JsonObject, JsonValue } from '../core/json.ts';
import { isJsonObject, ownMember } from '../core/json.ts';
import { ServiceError } from '../core/service-error.ts';
import { appsyncRestModel } from './appsync-route.ts';
import type { Operations, RequestContext } from './control-request.ts';
import { readEventsInput } from './events-input.ts';
import { describeFault, toServiceError } from './fault.ts';
import type { LogFault } from './fault.ts';
import { lambdaRequestContext } from './lambda-request-context.ts';
import type { InvocationContext } from './lambda-request-context.ts';
import { restJsonCode } from './rest-json.ts';

/** What a direct invocation answers. */
export type DirectAnswer =
  | { readonly output: JsonObject }
  | { readonly error: { readonly code: string; readonly message: string } };

export interface DirectDependencies {
  readonly operations: Operations;
  readonly apiKeyOperations: Operations;
  readonly logFault: LogFault;
  readonly fallbackRegion?: string | undefined;
}

/**
 * Whether the function was invoked with `{operation, input}` by somebody whom IAM allows to invoke it. A function URL always
 * sets `requestContext`, and nobody who calls it can take that away: such an event has to bring a key.
 */
export function isDirectInvocation(event: unknown): boolean {
  return isJsonObject(event) && !Object.hasOwn(event, 'requestContext');
}

/** Resolves for every event. */
export async function answerDirectInvocation(
  event: unknown,
  invocation: InvocationContext,
  dependencies: DirectDependencies,
): Promise<DirectAnswer> {
  const name = isJsonObject(event) ? ownMember(event, 'operation') : undefined;
  const input = isJsonObject(event) ? ownMember(event, 'input') : undefined;
  try {
    const context = lambdaRequestContext(event, invocation, dependencies.fallbackRegion);
    return { output: await invoke(dependencies, name, input ?? {}, context) };
  } catch (error) {
    const refusal = toServiceError(error);
    const operation = typeof name === 'string' && isKnown(dependencies, name) ? name : 'unknown';
    if (refusal.code === 'InternalException') {
      dependencies.logFault(describeFault(error, operation, invocation.awsRequestId));
    }
    const isOfAppSync = Object.hasOwn(dependencies.apiKeyOperations, operation);
    const code = isOfAppSync ? restJsonCode(refusal.code) : refusal.code;
    return { error: { code, message: refusal.message } };
  }
}

function isKnown({ operations, apiKeyOperations }: DirectDependencies, name: string): boolean {
  return Object.hasOwn(operations, name) || Object.hasOwn(apiKeyOperations, name);
}

async function invoke(
  { operations, apiKeyOperations }: DirectDependencies,
  name: JsonValue | undefined,
  input: JsonValue,
  context: RequestContext,
): Promise<JsonObject> {
  if (typeof name === 'string' && Object.hasOwn(operations, name)) {
    return (await operations[name]?.(readEventsInput(name, input), context)) ?? {};
  }
  if (typeof name === 'string' && Object.hasOwn(apiKeyOperations, name)) {
    return (await apiKeyOperations[name]?.(appsyncRestModel.readInput(name, input), context)) ?? {};
  }
  throw new ServiceError('UnknownOperationException', "The event's member 'operation' names no operation of this API.");
}
