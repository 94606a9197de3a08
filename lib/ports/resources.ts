/** Ports of the resources that CloudFormation templates declare. */
import type { JsonObject } from '../core/input/json.ts';

/** The identity of what a call creates. See `Identity` of lib/control/operation.ts. */
export interface ChosenIdentity {
  readonly incarnation: string;
  readonly publicId: string;
}

/** The operations of the control API. */
export interface ControlCalls {
  /**
   * Calls an operation. Numbers and booleans in the input may be texts.
   *
   * @throws ServiceError for every failure. Its message may be shown to everybody who may see the stack
   */
  call(operation: string, input: JsonObject, identity?: ChosenIdentity): Promise<JsonObject>;
}

/** Sends an answer to the pre-signed URL of a request. */
export interface AnswerSender {
  /** @throws Error without the URL, because everybody who has it can answer the request */
  send(url: URL, body: string, signal: AbortSignal): Promise<void>;
}

/** The one log line of a request. It holds no property. */
export interface ResourceLine {
  readonly requestType: string;
  readonly resourceType: string;
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalResourceId: string;
  readonly physicalResourceId: string;
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason?: string;
  readonly durationMs: number;
}

/** Must not throw. */
export interface ResourceLog {
  record(line: ResourceLine): void;
}

/** An API key, without its secret part. */
export interface DeclaredKey {
  readonly apiId: string;
  readonly publicId: string;
  readonly incarnation: string;
}

/** The API keys of the stack, and the secrets that hold those which templates declare. */
export interface DeclaredKeys {
  /** Without deleted keys. */
  list(): Promise<readonly DeclaredKey[]>;
  /**
   * Writes the whole key into its secret. Nothing more happens when it is there already.
   *
   * @returns the ARN of the secret
   */
  keep(apiId: string, publicId: string): Promise<string>;
  /** Removes the secret. Also resolves when there is none. */
  forget(publicId: string): Promise<void>;
}
