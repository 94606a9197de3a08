import type { AsynchronousInvocations } from './asynchronous-invocations.ts';
import { type FunctionRunner, type InvocationOutcome, physicalName } from './function-runner.ts';
import { type LocalAnswer, type LocalRequest, type LocalService, Refusal, restJsonRefusal } from '../stack/wire.ts';

/** Size limits of a payload. Source: the Lambda developer guide, quotas. */
export const maxSynchronousBytes = 6_291_456;
const maxAsynchronousBytes = 1_048_576;

export interface LambdaOptions {
  readonly runner: FunctionRunner;
  readonly asynchronous: AsynchronousInvocations;
  /** Resolves when the stack has time to accept this many events; undefined when it has time now. */
  readonly turn: (events: number) => Promise<void> | undefined;
  /** Reports a failed synchronous invocation. The caller also gets the type and the message of the error. */
  readonly reportFailure: (functionName: string, outcome: InvocationOutcome) => void;
}

/** Lambda's operation Invoke. */
export function createLambdaService(options: LambdaOptions): LocalService {
  return async (request) => {
    try {
      return await invoke(options, request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return restJsonRefusal(error);
    }
  };
}

async function invoke(options: LambdaOptions, request: LocalRequest): Promise<LocalAnswer> {
  const reference = /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/.exec(request.path)?.[1];
  if (reference === undefined || request.method !== 'POST') {
    throw new Refusal('UnknownOperationException', 'The local stack supports only the Lambda operation Invoke.', 404);
  }
  const name = findFunction(options.runner, decode(reference), request.region);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  switch (type) {
    case 'RequestResponse':
      return invokeSynchronously(options, name, request);
    case 'Event':
      return invokeAsynchronously(options, name, request);
    case 'DryRun':
      return { status: 204, headers: {}, body: '' };
    default:
      throw new Refusal(
        'InvalidParameterValueException',
        `There is no invocation type ${type.slice(0, 40)}; use RequestResponse, Event or DryRun.`,
      );
  }
}

async function invokeSynchronously(options: LambdaOptions, name: string, request: LocalRequest): Promise<LocalAnswer> {
  const event = parsePayload(request.body, maxSynchronousBytes);
  const traceHeader = request.headers['x-amzn-trace-id'];
  const outcome = await options.runner.run(name, request.region, event, { traceHeader });
  if (outcome.error !== undefined) options.reportFailure(name, outcome);
  const tooLarge = Buffer.byteLength(outcome.payload) > maxSynchronousBytes;
  const failed = outcome.error !== undefined || tooLarge;
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': outcome.requestId,
      'x-amz-executed-version': '$LATEST',
      ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}),
    },
    body: tooLarge ? answerTooLarge : outcome.payload,
  };
}

const answerTooLarge = JSON.stringify({
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${maxSynchronousBytes} bytes).`,
});

async function invokeAsynchronously(options: LambdaOptions, name: string, request: LocalRequest): Promise<LocalAnswer> {
  parsePayload(request.body, maxAsynchronousBytes);
  await options.turn(1);
  const payload = request.body.length === 0 ? '{}' : request.body.toString();
  const traceHeader = request.headers['x-amzn-trace-id'];
  const { requestId } = options.asynchronous.accept(name, request.region, payload, traceHeader);
  return { status: 202, headers: { 'x-amzn-requestid': requestId }, body: '' };
}

function parsePayload(body: Buffer, maxBytes: number): unknown {
  if (body.length > maxBytes) {
    const message = `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`;
    throw new Refusal('RequestTooLargeException', message, 413);
  }
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Refusal('InvalidRequestContentException', 'Could not parse request body into json.');
  }
}

/** Accepts a function's name, its physical name, its ARN or a partial ARN, each with or without `$LATEST`. */
function findFunction(runner: FunctionRunner, reference: string, region: string): string {
  const [, arnRegion, physical = ''] =
    /^(?:(?:arn:aws[a-z-]*:lambda:([a-z0-9-]+):)?(?:[0-9]{12}:)?function:)?([A-Za-z0-9_-]{1,140})(?::\$LATEST)?$/.exec(
      reference,
    ) ?? [];
  const prefix = physicalName('');
  const name = physical.startsWith(prefix) ? physical.slice(prefix.length) : physical;
  if (runner.has(name) && (arnRegion ?? region) === region) return name;
  const arn = reference.startsWith('arn:') ? reference : runner.arnOf(physical === '' ? reference : physical, region);
  throw new Refusal('ResourceNotFoundException', `Function not found: ${arn}`, 404);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
