import { Buffer } from 'node:buffer';
import { partitionOf } from '../core/destination/arn.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import type { ControlAnswer, ControlRequest, RequestContext } from './control-request.ts';

/** The answer in the form that Lambda turns into HTTP. */
export interface FunctionUrlAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/**
 * The request in the event of a function URL, payload format 2.0.
 *
 * @throws ServiceError SerializationException that names the missing or malformed part
 */
export function parseFunctionUrlEvent(event: unknown): ControlRequest {
  if (!isJsonObject(event)) throw malformed('is not an object');
  const requestContext = object(event, 'requestContext', 'requestContext');
  const http = object(requestContext, 'http', 'requestContext.http');
  return {
    method: text(http, 'method', 'requestContext.http.method').toUpperCase(),
    path: text(event, 'rawPath', 'rawPath'),
    query: optionalText(event, 'rawQueryString') ?? '',
    headers: parseHeaders(object(event, 'headers', 'headers')),
    body: parseBody(event),
  };
}

/** The account in the event of a function URL; undefined when it is not an account id (`anonymous`). */
export function accountOfFunctionUrlEvent(event: unknown): string | undefined {
  const requestContext = isJsonObject(event) ? ownMember(event, 'requestContext') : undefined;
  const account = isJsonObject(requestContext) ? ownMember(requestContext, 'accountId') : undefined;
  return typeof account === 'string' && /^[0-9]{12}$/.test(account) ? account : undefined;
}

export function formatFunctionUrlAnswer(answer: ControlAnswer): FunctionUrlAnswer {
  return { statusCode: answer.status, headers: answer.headers, body: answer.body, isBase64Encoded: false };
}

function malformed(fault: string): ServiceError {
  return new ServiceError('SerializationException', `The event of the function URL ${fault}.`);
}

function object(parent: JsonObject, key: string, path: string): JsonObject {
  const member = ownMember(parent, key);
  if (!isJsonObject(member)) throw malformed(`has no object ${path}`);
  return member;
}

function text(parent: JsonObject, key: string, path: string): string {
  const member = ownMember(parent, key);
  if (typeof member !== 'string') throw malformed(`has no string ${path}`);
  return member;
}

function optionalText(parent: JsonObject, key: string): string | undefined {
  const member = ownMember(parent, key) ?? undefined;
  if (member !== undefined && typeof member !== 'string') throw malformed(`has a ${key} that is not a string`);
  return member;
}

function parseHeaders(headers: JsonObject): ReadonlyMap<string, string> {
  const entries = Object.entries(headers).filter(isText);
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

function isText(entry: [string, JsonValue]): entry is [string, string] {
  return typeof entry[1] === 'string';
}

/** Lambda encodes a body as base64 unless it knows the content type as text. It does not know `application/x-amz-json-1.1`. */
function parseBody(event: JsonObject): Uint8Array {
  const body = optionalText(event, 'body') ?? '';
  if (ownMember(event, 'isBase64Encoded') !== true) return Buffer.from(body, 'utf8');
  if (body.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(body)) throw malformed('has a body that is not base64');
  return Buffer.from(body, 'base64');
}

/** The part of Lambda's context that is needed for the region, the account and the request's id. */
export interface InvocationContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
}

const functionArn = /^arn:(aws[a-z-]{0,20}):lambda:([a-z0-9-]{1,32}):([0-9]{12}):function:/;

/**
 * Region and account come from the ARN of the invoked function. Some local runners give no usable ARN. Then the region is
 * `fallbackRegion`, and the account comes from the event.
 *
 * @param fallbackRegion the region in the environment
 * @throws Error when the account or the region is unknown, because no valid ARN can be made without them
 */
export function lambdaRequestContext(
  event: unknown,
  invocation: InvocationContext,
  fallbackRegion: string | undefined,
): RequestContext {
  const [, partition, arnRegion, arnAccount] = functionArn.exec(invocation.invokedFunctionArn) ?? [];
  const region = arnRegion ?? fallbackRegion;
  const account = arnAccount ?? accountOfFunctionUrlEvent(event);
  if (region === undefined || account === undefined) {
    throw new Error(
      'The region or the account is unknown: the function ARN, the event and AWS_REGION do not name them.',
    );
  }
  return { region, account, partition: partition ?? partitionOf(region), requestId: invocation.awsRequestId };
}
