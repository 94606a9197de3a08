import { randomUUID } from 'node:crypto';
import { Failure } from '../../core/failure/failure.ts';
import type { FailedInvocation } from '../lambda/asynchronous-invocations.ts';
import type { InvocationOutcome } from '../lambda/function-runner.ts';
import { printable } from '../lambda/readable-logs.ts';

/** One HTTP request as the services of the local stack see it: whole, bounded, and with the region of its signature. */
export interface LocalRequest {
  readonly method: string;
  /** As it was sent: still percent-encoded. */
  readonly path: string;
  /** As it was sent, without the question mark; empty when there is none. */
  readonly query: string;
  /** Names in lower case; equal names joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly region: string;
  /** Who signed; the stack's own functions sign with their names. Undefined without a signature. */
  readonly accessKeyId: string | undefined;
  /** `host:port` by which the client reached the stack. */
  readonly host: string;
  readonly sourceAddress: string;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type LocalService = (request: LocalRequest) => Promise<LocalAnswer>;

/** A refusal with the name that AWS clients know; its message is what the client reads. */
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

/** awsJson: the code stands in the body as well, because older clients lose one that stands only in the header. */
export function awsJsonAnswer(body: unknown, version: '1.0' | '1.1'): LocalAnswer {
  return {
    status: 200,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(body),
  };
}

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

/** restJson: the code stands in the header, the text in the body as the service writes it. */
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
 * An error as the stack's own output shows it: of one that is not ours only its name and where it was thrown, because
 * its message may quote what was being read.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  if (error instanceof Failure) return printable(`${error.code}: ${error.message}`);
  if (error.name === 'Sandbox.Timedout') return printable(error.message);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [printable(error.name), ...frames].join('\n');
}

/** Undefined: the delivery's own line has said it. */
export function describeFailedCall(functionName: string, outcome: InvocationOutcome): string | undefined {
  const thrown = outcome.error?.thrown;
  if (thrown === undefined || thrown instanceof Failure) return undefined;
  return `${functionName} failed (request ${outcome.requestId}): ${describeError(thrown)}`;
}

/** One line, whatever has failed. */
export function describeFailedInvocation({ invocation, failures, outcome }: FailedInvocation): string {
  const { id, functionName, region } = invocation;
  const [reason = ''] = describeError(outcome.error?.thrown).split('\n');
  return `failed invocation ${id} of ${functionName} in ${region}, given up after ${failures} runs: ${reason}`;
}
