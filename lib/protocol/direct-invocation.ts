import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import type { ServiceErrorCode } from '../core/failure/service-error.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import { appsyncRestModel, readLastmileInput } from './routes.ts';
import type { Operations, RequestContext } from './control-request.ts';
import { readEventsInput } from './model/events-input.ts';
import type { LogFault } from './access.ts';
import { describeFault, toServiceError } from './access.ts';
import type { InvocationContext } from './function-url.ts';
import { lambdaRequestContext } from './function-url.ts';
import { restJsonCode } from './rest-json.ts';

export type DirectAnswer =
  | { readonly output: JsonObject }
  | { readonly error: { readonly code: string; readonly message: string } };

export interface DirectDependencies {
  /** The operations of EventBridge. */
  readonly operations: Operations;
  /** The operations of AppSync. */
  readonly apiKeyOperations: Operations;
  /** The operations that only Lastmile has. */
  readonly lastmileOperations: Operations;
  readonly logFault: LogFault;
  readonly fallbackRegion?: string | undefined;
}

/**
 * Whether a caller with IAM permission invoked the function with `{operation, input}`. An event from the function URL always
 * has `requestContext`, which its sender cannot remove. Such an event needs an API key.
 */
export function isDirectInvocation(event: unknown): boolean {
  return isJsonObject(event) && !Object.hasOwn(event, 'requestContext');
}

interface DirectService {
  readonly operations: Operations;
  /** The first stage of validation: checks the input against the service model. */
  readonly readInput: (operation: string, input: JsonValue) => JsonObject;
  /** The error code that this service uses for a refusal. */
  readonly codeOf: (code: ServiceErrorCode) => ServiceErrorCode;
}

function servicesOf({
  operations,
  apiKeyOperations,
  lastmileOperations,
}: DirectDependencies): readonly DirectService[] {
  const unchanged = (code: ServiceErrorCode): ServiceErrorCode => code;
  return [
    { operations, readInput: readEventsInput, codeOf: unchanged },
    { operations: lastmileOperations, readInput: readLastmileInput, codeOf: unchanged },
    { operations: apiKeyOperations, readInput: appsyncRestModel.readInput, codeOf: restJsonCode },
  ];
}

/** Never rejects: an invalid event also gets an answer. */
export async function answerDirectInvocation(
  event: unknown,
  invocation: InvocationContext,
  dependencies: DirectDependencies,
): Promise<DirectAnswer> {
  const name = isJsonObject(event) ? ownMember(event, 'operation') : undefined;
  const input = isJsonObject(event) ? ownMember(event, 'input') : undefined;
  const operation = typeof name === 'string' ? name : '';
  const service = servicesOf(dependencies).find(({ operations }) => Object.hasOwn(operations, operation));
  try {
    const context = lambdaRequestContext(event, invocation, dependencies.fallbackRegion);
    if (service === undefined) throw unknownOperation();
    return { output: await invoke(service, operation, input ?? {}, context) };
  } catch (error) {
    const refusal = toServiceError(error);
    if (refusal.code === 'InternalException') {
      const known = service === undefined ? 'unknown' : operation;
      dependencies.logFault(describeFault(error, known, invocation.awsRequestId));
    }
    return { error: { code: service?.codeOf(refusal.code) ?? refusal.code, message: refusal.message } };
  }
}

async function invoke(
  { operations, readInput }: DirectService,
  name: string,
  input: JsonValue,
  context: RequestContext,
): Promise<JsonObject> {
  return (await operations[name]?.(readInput(name, input), context)) ?? {};
}

function unknownOperation(): ServiceError {
  const text = "The event's member 'operation' is not the name of an operation of this API.";
  return new ServiceError('UnknownOperationException', text);
}
