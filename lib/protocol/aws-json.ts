import { didYouMean } from '../core/input/did-you-mean.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { parseJsonBytes } from '../core/input/json.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { ControlAnswer, ControlRequest, Operations, RequestContext, Route } from './control-request.ts';
import { retryAfterHeader, signedService } from './control-request.ts';
import { describeFault, toServiceError } from './access.ts';
import type { LogFault } from './access.ts';

/** One service that speaks awsJson1_1. */
export interface AwsJsonService {
  /** The service's name in signatures: `events`. */
  readonly signingName: string;
  /** The part of X-Amz-Target before the dot. */
  readonly targetPrefix: string;
  readonly operations: Operations;
  /** The first stage of validation: checks the input against the service model. */
  readonly readInput: (operation: string, body: JsonValue) => JsonObject;
  readonly logFault: LogFault;
}

/**
 * The largest accepted request body. The largest input of any operation is 1 MiB of events. Escaped quotes and non-ASCII
 * characters can make that up to three times as long. Lambda itself passes on at most 4.5 MB.
 */
export const maxBodyBytes = 4 * 1024 * 1024;

/** Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export function createAwsJsonRoute(service: AwsJsonService): Route {
  return {
    service: service.signingName,
    operationOf: (request) => operationOf(service, request)?.name,
    refuse: answerAwsJsonError,
    serves: (request) => {
      const signedFor = signedService(request);
      if (signedFor !== undefined) return signedFor === service.signingName;
      return targetOf(request).startsWith(`${service.targetPrefix}.`);
    },
    answer: async (request, context) => {
      const operation = operationOf(service, request);
      if (operation === undefined) return answerAwsJsonError(unknownOperation(service, request), context);
      try {
        const input = service.readInput(operation.name, parseBody(request.body));
        return toAnswer(200, await operation.invoke(input, context), context);
      } catch (error) {
        const refusal = toServiceError(error);
        if (refusal.code === 'InternalException') {
          service.logFault(describeFault(error, operation.name, context.requestId));
        }
        return answerAwsJsonError(refusal, context);
      }
    },
  };
}

/** Some clients read the code from the body, others from the header. */
export function answerAwsJsonError(error: ServiceError, context: Pick<RequestContext, 'requestId'>): ControlAnswer {
  const answer = toAnswer(
    error.code === 'InternalException' ? 500 : 400,
    { __type: error.code, message: error.message },
    context,
  );
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': error.code, ...retryAfterHeader(error) } };
}

function toAnswer(status: number, body: JsonObject, context: Pick<RequestContext, 'requestId'>): ControlAnswer {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': context.requestId };
  return { status, headers, body: JSON.stringify(body) };
}

function targetOf(request: ControlRequest): string {
  return request.headers.get('x-amz-target') ?? '';
}

interface NamedOperation {
  readonly name: string;
  readonly invoke: Operations[string];
}

function operationOf(service: AwsJsonService, request: ControlRequest): NamedOperation | undefined {
  const prefix = `${service.targetPrefix}.`;
  const target = targetOf(request);
  if (request.method !== 'POST' || !target.startsWith(prefix)) return undefined;
  const name = target.slice(prefix.length);
  const invoke = Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
  return invoke && { name, invoke };
}

function unknownOperation(service: AwsJsonService, request: ControlRequest): ServiceError {
  return new ServiceError('UnknownOperationException', whyUnknown(service, request));
}

/** A name of other characters, or a longer one, is not repeated. */
const operationNamePattern = /\.([A-Za-z0-9_]{1,64})$/;

function whyUnknown({ operations }: AwsJsonService, request: ControlRequest): string {
  if (request.method !== 'POST') return 'Call operations with the method POST.';
  const target = targetOf(request);
  if (target === '') return 'The X-Amz-Target header is missing.';
  const name = operationNamePattern.exec(target)?.[1];
  if (name === undefined || Object.hasOwn(operations, name))
    return 'The X-Amz-Target header does not name an operation of this service.';
  const wayOut = didYouMean(name, Object.keys(operations)) ?? 'docs/guide/reference.md lists the operations.';
  return `There is no operation '${name}' here. ${wayOut}`;
}

/** @throws ServiceError SerializationException, without the message of the parser, because it would quote the body */
function parseBody(body: Uint8Array): JsonValue {
  if (body.length === 0) return {};
  if (body.length > maxBodyBytes) {
    const text = `The request body has ${body.length} bytes; at most ${maxBodyBytes} are accepted.`;
    throw new ServiceError('SerializationException', text);
  }
  const value = parseJsonBytes(body);
  if (value === undefined) throw new ServiceError('SerializationException', 'The request body is not JSON in UTF-8.');
  return value;
}
