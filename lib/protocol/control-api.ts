import { ServiceError } from '../core/service-error.ts';
import { answerAwsJsonError, createAwsJsonRoute } from './aws-json.ts';
import type { ControlAnswer, ControlRequest, Operations, RequestContext, Route } from './control-request.ts';
import { readEventsInput } from './events-input.ts';
import { eventsTargetPrefix } from './events-model.ts';
import { describeFault, toServiceError } from './fault.ts';
import type { LogFault } from './fault.ts';
import { formatFunctionUrlAnswer, parseFunctionUrlEvent } from './function-url.ts';
import type { FunctionUrlAnswer } from './function-url.ts';
import { lambdaRequestContext } from './lambda-request-context.ts';
import type { InvocationContext } from './lambda-request-context.ts';

export interface ControlApiDependencies {
  readonly operations: Operations;
  readonly logFault: LogFault;
  /** Where the request arrived, if the function's ARN does not say. */
  readonly fallbackRegion?: string | undefined;
}

/** EventBridge: signed for `events`, or unsigned with a target of `AWSEvents`. */
export function createEventsRoute({ operations, logFault }: ControlApiDependencies): Route {
  return createAwsJsonRoute({
    signingName: 'events',
    targetPrefix: eventsTargetPrefix,
    operations,
    readInput: readEventsInput,
    logFault,
  });
}

/** The first route that serves a request answers it. */
export async function routeRequest(
  routes: readonly Route[],
  request: ControlRequest,
  context: RequestContext,
): Promise<ControlAnswer> {
  const route = routes.find((candidate) => candidate.serves(request));
  if (route !== undefined) return await route.answer(request, context);
  const text = 'Neither the signature nor the X-Amz-Target header names a service that this API serves.';
  return answerAwsJsonError(new ServiceError('UnknownOperationException', text), context);
}

/** From a function URL's event to its answer. Resolves for every event: a malformed one is answered, not thrown. */
export async function answerFunctionUrl(
  routes: readonly Route[],
  event: unknown,
  invocation: InvocationContext,
  { logFault, fallbackRegion }: Pick<ControlApiDependencies, 'logFault' | 'fallbackRegion'>,
): Promise<FunctionUrlAnswer> {
  const requestId = invocation.awsRequestId;
  try {
    const context = lambdaRequestContext(event, invocation, fallbackRegion);
    return formatFunctionUrlAnswer(await routeRequest(routes, parseFunctionUrlEvent(event), context));
  } catch (error) {
    const refusal = toServiceError(error);
    if (refusal.code === 'InternalException') logFault(describeFault(error, 'unknown', requestId));
    return formatFunctionUrlAnswer(answerAwsJsonError(refusal, { requestId }));
  }
}
