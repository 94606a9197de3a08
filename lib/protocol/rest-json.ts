import type { JsonObject } from '../core/input/json.ts';
import type { ServiceErrorCode } from '../core/failure/service-error.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { ControlAnswer, Operations, RequestContext, Route } from './control-request.ts';
import { retryAfterHeader, signedService } from './control-request.ts';
import { describeFault, toServiceError } from './access.ts';
import type { LogFault } from './access.ts';
import type { RestModel } from './model/rest-json-model.ts';

/** One service that speaks restJson1. */
export interface RestJsonService {
  readonly signingName: string;
  /** The prefix of all paths of this service. It selects the service when a request has no signature. */
  readonly pathPrefix: string;
  readonly operations: Operations;
  readonly model: RestModel;
  readonly logFault: LogFault;
}

type RequestId = Pick<RequestContext, 'requestId'>;

export function createRestJsonRoute(service: RestJsonService): Route {
  const { model, operations, logFault } = service;
  return {
    service: service.signingName,
    serves: (request) => {
      const signedFor = signedService(request);
      return signedFor === undefined ? request.path.startsWith(service.pathPrefix) : signedFor === service.signingName;
    },
    operationOf: (request) => model.find(request)?.operation,
    refuse: answerRestJsonError,
    answer: async (request, context) => {
      const call = model.find(request);
      const invoke = call && operations[call.operation];
      if (call === undefined || invoke === undefined) return answerRestJsonError(unknownOperation(), context);
      try {
        return toAnswer(200, await invoke(model.readRequest(call, request), context), context);
      } catch (error) {
        const refusal = toServiceError(error);
        if (refusal.code === 'InternalException') logFault(describeFault(error, call.operation, context.requestId));
        return answerRestJsonError(refusal, context);
      }
    },
  };
}

function unknownOperation(): ServiceError {
  return new ServiceError('UnknownOperationException', 'No operation of this service has this method and path.');
}

/** Errors that restJson services name differently. */
const ownNames: Partial<Record<ServiceErrorCode, ServiceErrorCode>> = {
  ValidationException: 'BadRequestException',
  SerializationException: 'BadRequestException',
  ThrottlingException: 'LimitExceededException',
  MissingAuthenticationTokenException: 'UnauthorizedException',
  UnrecognizedClientException: 'UnauthorizedException',
  InternalException: 'InternalFailureException',
};

/** The HTTP status for each error code. All other codes have 400. Source: the service model of AppSync. */
const statuses: Partial<Record<ServiceErrorCode, number>> = {
  UnauthorizedException: 401,
  AccessDeniedException: 403,
  NotFoundException: 404,
  UnknownOperationException: 404,
  LimitExceededException: 429,
  InternalFailureException: 500,
};

/** The error code that clients of restJson services expect. */
export function restJsonCode(code: ServiceErrorCode): ServiceErrorCode {
  return ownNames[code] ?? code;
}

/** The code is in a header and twice in the body, because clients of different ages each read only one of them. */
function answerRestJsonError(error: ServiceError, context: RequestId): ControlAnswer {
  const code = restJsonCode(error.code);
  const answer = toAnswer(statuses[code] ?? 400, { __type: code, code, message: error.message }, context);
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': code, ...retryAfterHeader(error) } };
}

function toAnswer(status: number, body: JsonObject, { requestId }: RequestId): ControlAnswer {
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': requestId };
  return { status, headers, body: JSON.stringify(body) };
}
