import { Failure } from '../core/failure.ts';
import type { FailedInvocation } from './asynchronous-invocations.ts';
import type { InvocationOutcome } from './function-runner.ts';
import { printable } from './readable-delivery-log.ts';

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
