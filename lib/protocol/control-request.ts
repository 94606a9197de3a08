import type { JsonObject } from '../core/json.ts';

/** A request to the control API, whichever way it came. */
export interface ControlRequest {
  readonly method: string;
  /** Beginning with `/`. */
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

/** Where a request arrived, and the id by which its answer and its log lines are found. */
export interface RequestContext {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly partition: string;
  readonly requestId: string;
}

/** The operations of one service, by name. Each gets input that has passed the first stage of validation. */
export type Operations = Readonly<Record<string, (input: JsonObject, context: RequestContext) => Promise<JsonObject>>>;

/** One protocol of one service. */
export interface Route {
  readonly serves: (request: ControlRequest) => boolean;
  /** Always resolves: what goes wrong is an answer too. */
  readonly answer: (request: ControlRequest, context: RequestContext) => Promise<ControlAnswer>;
}

const signedScope = /Credential=[^/,\s]{1,128}\/[0-9]{8}\/[a-z0-9-]{1,64}\/([a-z0-9-]{1,64})\/aws4_request/;

/** The service that the request's signature names; undefined for a request without one. */
export function signedService(request: ControlRequest): string | undefined {
  return signedScope.exec((request.headers.get('authorization') ?? '').slice(0, 1024))?.[1];
}
