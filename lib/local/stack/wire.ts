import { randomUUID } from 'node:crypto';
import { Failure } from '../../core/failure/failure.ts';
import type { FailedInvocation } from '../lambda/asynchronous-invocations.ts';
import type { InvocationOutcome } from '../lambda/function-runner.ts';
import { printable } from '../terminal-text.ts';

/**
 * One HTTP request to a service of the local stack. The body is complete and within the size limit of the service.
 */
export interface LocalRequest {
  readonly method: string;
  /** As the client sent it: still percent-encoded. */
  readonly path: string;
  /** As the client sent it, without the question mark; empty when there is no query. */
  readonly query: string;
  /** Names are in lower case; the values of equal names are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly region: string;
  /** The signer's access key id; the stack's own functions sign with their names. Undefined without a signature. */
  readonly accessKeyId: string | undefined;
  /** The `host:port` that the client used to reach the stack. */
  readonly host: string;
  readonly sourceAddress: string;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type LocalService = (request: LocalRequest) => Promise<LocalAnswer>;

/** An error whose code and message are sent to the client. AWS clients know the code. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** A successful answer in the awsJson protocol. */
export function awsJsonAnswer(body: unknown, version: '1.0' | '1.1'): LocalAnswer {
  return {
    status: 200,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(body),
  };
}

/** An error in the awsJson protocol. The code is in the header and in the body, because older clients read only the body. */
export function awsJsonRefusal(refusal: Refusal, version: '1.0' | '1.1'): LocalAnswer {
  return {
    status: refusal.status,
    headers: {
      'content-type': `application/x-amz-json-${version}`,
      'x-amzn-errortype': refusal.code,
      'x-amzn-requestid': randomUUID(),
    },
    body: JSON.stringify({ __type: refusal.code, message: refusal.message }),
  };
}

/** An error in the restJson protocol. The code is in the header, and the message is in the body. */
export function restJsonRefusal(refusal: Refusal): LocalAnswer {
  return {
    status: refusal.status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-errortype': refusal.code,
      'x-amzn-requestid': randomUUID(),
    },
    body: JSON.stringify({ Type: refusal.status < 500 ? 'User' : 'Service', message: refusal.message }),
  };
}

/**
 * Describes an error for the terminal. If the message is not our own text, only the name and the stack frames are shown, because
 * the message may quote secret data.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  if (error instanceof Failure) return printable(`${error.code}: ${error.message}`);
  if (error.name === 'Sandbox.Timedout') return printable(error.message);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [printable(error.name), ...frames].join('\n');
}

/** @returns undefined when the delivery's own log line already shows the failure */
export function describeFailedCall(functionName: string, outcome: InvocationOutcome): string | undefined {
  const thrown = outcome.error?.thrown;
  if (thrown === undefined || thrown instanceof Failure) return undefined;
  return `${functionName} failed (request ${outcome.requestId}): ${describeError(thrown)}`;
}

/** Always one line, whatever the error was. */
export function describeFailedInvocation({ invocation, failures, outcome }: FailedInvocation): string {
  const { id, functionName, region } = invocation;
  const [reason = ''] = describeError(outcome.error?.thrown).split('\n');
  return `failed invocation ${id} of ${functionName} in ${region}, given up after ${failures} runs: ${reason}`;
}
