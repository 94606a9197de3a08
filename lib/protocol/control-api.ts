import { ServiceError } from '../core/failure/service-error.ts';
import type { LogFault } from './access.ts';
import { describeFault, requireAccess, toServiceError } from './access.ts';
import { answerAwsJsonError, createAwsJsonRoute } from './aws-json.ts';
import type {
  Authentication,
  ControlAnswer,
  ControlRequest,
  Operations,
  RequestContext,
  Route,
} from './control-request.ts';
import { readEventsInput } from './model/events-input.ts';
import { eventsTargetPrefix } from './model/service-models.ts';
import type { FunctionUrlAnswer, InvocationContext } from './function-url.ts';
import { formatFunctionUrlAnswer, lambdaRequestContext, parseFunctionUrlEvent } from './function-url.ts';

export interface HttpDependencies {
  /** `none` only in a local stack that runs without --auth. */
  readonly authentication: Authentication | 'none';
  readonly logFault: LogFault;
  /** The region to use if the function's ARN does not contain one. */
  readonly fallbackRegion?: string | undefined;
}

export interface EventsDependencies {
  readonly operations: Operations;
  readonly logFault: LogFault;
}

/** Serves EventBridge: requests signed for `events`, or unsigned requests with a target of `AWSEvents`. */
export function createEventsRoute({ operations, logFault }: EventsDependencies): Route {
  return createAwsJsonRoute({
    signingName: 'events',
    targetPrefix: eventsTargetPrefix,
    operations,
    readInput: readEventsInput,
    logFault,
  });
}

/** The context in which the operation runs, or the error answer. */
export type Admission =
  | { readonly kind: 'admitted'; readonly context: RequestContext }
  | { readonly kind: 'refused'; readonly answer: ControlAnswer };

/**
 * Authenticates a request and checks that its key may perform the operation.
 *
 * Failure policy: a request that cannot be authenticated is refused, even if the reason is that the keys or the root secret
 * cannot be read now.
 */
export async function admit(
  route: Route | undefined,
  request: ControlRequest,
  context: RequestContext,
  { authentication, logFault }: Pick<HttpDependencies, 'authentication' | 'logFault'>,
): Promise<Admission> {
  if (authentication === 'none') return { kind: 'admitted', context };
  try {
    const { apiId, accessKeyId } = await authentication.authenticate(request, context);
    requireAccess(apiId, route, request);
    return { kind: 'admitted', context: { ...context, accessKeyId } };
  } catch (error) {
    const refusal = toServiceError(error);
    if (refusal.code === 'InternalException') logFault(describeFault(error, 'authenticate', context.requestId));
    return { kind: 'refused', answer: (route?.refuse ?? answerAwsJsonError)(refusal, context) };
  }
}

/** Checks the API key of the request. Then the first route that serves this kind of request answers it. */
export async function routeRequest(
  routes: readonly Route[],
  request: ControlRequest,
  context: RequestContext,
  dependencies: Pick<HttpDependencies, 'authentication' | 'logFault'>,
): Promise<ControlAnswer> {
  const route = routes.find((candidate) => candidate.serves(request));
  const admission = await admit(route, request, context, dependencies);
  if (admission.kind === 'refused') return admission.answer;
  if (route !== undefined) return await route.answer(request, admission.context);
  const text = 'Neither the signature nor the X-Amz-Target header names a service of this API.';
  return answerAwsJsonError(new ServiceError('UnknownOperationException', text), context);
}

/** Answers the event of a function URL. Never rejects: a malformed event gets an error answer. */
export async function answerFunctionUrl(
  routes: readonly Route[],
  event: unknown,
  invocation: InvocationContext,
  dependencies: HttpDependencies,
): Promise<FunctionUrlAnswer> {
  const requestId = invocation.awsRequestId;
  try {
    const context = lambdaRequestContext(event, invocation, dependencies.fallbackRegion);
    return formatFunctionUrlAnswer(await routeRequest(routes, parseFunctionUrlEvent(event), context, dependencies));
  } catch (error) {
    const refusal = toServiceError(error);
    if (refusal.code === 'InternalException') {
      dependencies.logFault(describeFault(error, 'unknown', requestId));
    }
    return formatFunctionUrlAnswer(answerAwsJsonError(refusal, { requestId }));
  }
}
