import { Buffer } from 'node:buffer';
import { partitionOf } from '../core/destination/arn.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import type { ControlAnswer, ControlRequest, RequestContext } from './control-request.ts';

/** The answer as Lambda turns it into HTTP. */
export interface FunctionUrlAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/**
 * The request in a function URL's event, payload format 2.0.
 *
 * @throws ServiceError SerializationException naming the part that is missing or malformed
 */
export function parseFunctionUrlEvent(event: unknown): ControlRequest {
  if (!isJsonObject(event)) throw malformed('is no object');
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

/** The account that a function URL's event names; undefined when it is not known to be one (`anonymous`). */
export function accountOfFunctionUrlEvent(event: unknown): string | undefined {
  const requestContext = isJsonObject(event) ? ownMember(event, 'requestContext') : undefined;
  const account = isJsonObject(requestContext) ? ownMember(requestContext, 'accountId') : undefined;
  return typeof account === 'string' && /^[0-9]{12}$/.test(account) ? account : undefined;
}

export function formatFunctionUrlAnswer(answer: ControlAnswer): FunctionUrlAnswer {
  return { statusCode: answer.status, headers: answer.headers, body: answer.body, isBase64Encoded: false };
}

function malformed(what: string): ServiceError {
  return new ServiceError('SerializationException', `The event of the function URL ${what}.`);
}

function object(parent: JsonObject, key: string, path: string): JsonObject {
  const member = ownMember(parent, key);
  if (!isJsonObject(member)) throw malformed(`has no object ${path}`);
  return member;
}

function text(parent: JsonObject, key: string, path: string): string {
  const member = ownMember(parent, key);
  if (typeof member !== 'string') throw malformed(`has no text ${path}`);
  return member;
}

function optionalText(parent: JsonObject, key: string): string | undefined {
  const member = ownMember(parent, key) ?? undefined;
  if (member !== undefined && typeof member !== 'string') throw malformed(`has a ${key} that is no text`);
  return member;
}

function parseHeaders(headers: JsonObject): ReadonlyMap<string, string> {
  const entries = Object.entries(headers).filter(isText);
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

function isText(entry: [string, JsonValue]): entry is [string, string] {
  return typeof entry[1] === 'string';
}

/** What Lambda does not know to be text (`application/x-amz-json-1.1` among it) comes as base64. */
function parseBody(event: JsonObject): Uint8Array {
  const body = optionalText(event, 'body') ?? '';
  if (ownMember(event, 'isBase64Encoded') !== true) return Buffer.from(body, 'utf8');
  if (body.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(body)) throw malformed('has a body that is no base64');
  return Buffer.from(body, 'base64');
}

/** What of Lambda's own context says where a request arrived. */
export interface InvocationContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
}

const functionArn = /^arn:(aws[a-z-]{0,20}):lambda:([a-z0-9-]{1,32}):([0-9]{12}):function:/;

/**
 * Region and account of the function that was invoked. Without a usable function ARN, which some local runners do not
 * give, the region is the fallback and the account the one that the event names.
 *
 * @param fallbackRegion the environment's region
 * @throws Error when neither says which account or region it is: an ARN made without them would name nothing
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
    throw new Error('Neither the function ARN nor the event and the environment name the region and the account.');
  }
  return { region, account, partition: partition ?? partitionOf(region), requestId: invocation.awsRequestId };
}
