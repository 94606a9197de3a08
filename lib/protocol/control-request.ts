import type { ApiId } from '../core/api-key/api-key.ts';
import type { JsonObject } from '../core/input/json.ts';
import type { ServiceError } from '../core/failure/service-error.ts';

/** A request to the control API, made through the function URL or by a direct invocation. */
export interface ControlRequest {
  readonly method: string;
  /** It begins with `/`. */
  readonly path: string;
  /** Without `?`; empty when there is none. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface ControlAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The region and account that received a request, and the id that its answer and its log lines contain. */
export interface RequestContext {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly partition: string;
  readonly requestId: string;
  /** The public id of the API key; absent when no key was required. */
  readonly accessKeyId?: string;
  /** The identity of what the operation creates, when the caller chooses it. */
  readonly identity?: { readonly incarnation: string; readonly publicId: string };
}

/** The operations of one service, by name. Each gets input that has passed the first stage of validation. */
export type Operations = Readonly<Record<string, (input: JsonObject, context: RequestContext) => Promise<JsonObject>>>;

/** One protocol of one service. */
export interface Route {
  /** The service's name in signatures: `events`. */
  readonly service: string;
  readonly serves: (request: ControlRequest) => boolean;
  /** The name of the requested operation; undefined when the service has no such operation. */
  readonly operationOf: (request: ControlRequest) => string | undefined;
  /** Always resolves: a failure becomes an error answer. */
  readonly answer: (request: ControlRequest, context: RequestContext) => Promise<ControlAnswer>;
  /** Makes an error answer in the form of this protocol. */
  readonly refuse: (refusal: ServiceError, context: Pick<RequestContext, 'requestId'>) => ControlAnswer;
}

/** The sender of a request. */
export interface Principal {
  /** The API that the request's key belongs to. */
  readonly apiId: ApiId;
  /** The public id of the key. */
  readonly accessKeyId: string;
}

/** Determines the caller before anything else in a request is read. */
export interface Authentication {
  /**
   * @throws ServiceError MissingAuthenticationTokenException, UnrecognizedClientException or ThrottlingException
   */
  authenticate(request: ControlRequest, context: Pick<RequestContext, 'region'>): Promise<Principal>;
}

const signedScope = /Credential=[^/,\s]{1,128}\/[0-9]{8}\/[a-z0-9-]{1,64}\/([a-z0-9-]{1,64})\/aws4_request/;
const presignedScope =
  /(?:^|&)X-Amz-Credential=[^&]{1,128}?(?:\/|%2F)[0-9]{8}(?:\/|%2F)[a-z0-9-]{1,64}(?:\/|%2F)([a-z0-9-]{1,64})(?:\/|%2F)aws4_request(?:&|$)/i;

/** The service that the request's signature names; undefined for a request without a signature. */
export function signedService(request: ControlRequest): string | undefined {
  const signed = signedScope.exec((request.headers.get('authorization') ?? '').slice(0, 1024))?.[1];
  return signed ?? presignedScope.exec(request.query.slice(0, 4096))?.[1];
}

export function retryAfterHeader({ retryAfterSeconds }: ServiceError): Readonly<Record<string, string>> {
  return retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
}
