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
  /** `none` only in a local stack that was not asked to check. */
  readonly authentication: Authentication | 'none';
  readonly logFault: LogFault;
  /** Where the request arrived, if the function's ARN does not say. */
  readonly fallbackRegion?: string | undefined;
}

export interface EventsDependencies {
  readonly operations: Operations;
  readonly logFault: LogFault;
}

/** EventBridge: signed for `events`, or unsigned with a target of `AWSEvents`. */
export function createEventsRoute({ operations, logFault }: EventsDependencies): Route {
  return createAwsJsonRoute({
    signingName: 'events',
    targetPrefix: eventsTargetPrefix,
    operations,
    readInput: readEventsInput,
    logFault,
  });
}

/** Whether a request is answered: by what it is called with, or else what is answered instead. */
export type Admission =
  | { readonly kind: 'admitted'; readonly context: RequestContext }
  | { readonly kind: 'refused'; readonly answer: ControlAnswer };

/**
 * Whether a request may be answered, and then who asks.
 *
 * Failure policy: whoever cannot be authenticated, for whatever reason, is refused: also while the keys or the root secret
 * cannot be read.
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

/** The first route that serves a request answers it, once its key has been checked. */
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
  const text = 'Neither the signature nor the X-Amz-Target header names a service that this API serves.';
  return answerAwsJsonError(new ServiceError('UnknownOperationException', text), context);
}

/** From a function URL's event to its answer. Resolves for every event: a malformed one is answered, not thrown. */
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
