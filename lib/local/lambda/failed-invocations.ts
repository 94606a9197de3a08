import type { QueueMessage } from '../../core/message/queue-message.ts';
import { fitted } from '../../core/message/queue-message.ts';
import { escapeForSqs } from '../../core/message/raw-message.ts';
import type { FailedInvocation } from './asynchronous-invocations.ts';

/**
 * Lambda's record of an asynchronous invocation that has failed for good, as its on-failure destination receives it.
 * Source: Lambda developer guide, capturing records of asynchronous invocations.
 *
 * @returns undefined when no message can hold it
 */
export function failureRecord(
  { invocation, failures, outcome }: FailedInvocation,
  functionArn: string,
  nowMs: number,
): QueueMessage | undefined {
  const record = {
    version: '1.0',
    timestamp: new Date(nowMs).toISOString(),
    requestContext: {
      requestId: invocation.id,
      functionArn: `${functionArn}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: failures,
    },
    requestPayload: JSON.parse(invocation.payload) as unknown,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: JSON.parse(outcome.payload) as unknown,
  };
  return fitted({ body: escapeForSqs(JSON.stringify(record)), attributes: {} });
}

export interface FailedInvocationsOptions {
  /** Functions whose failed invocations carry an event that somebody can deliver again. */
  readonly functionNames: readonly string[];
  readonly arnOf: (functionName: string, region: string) => string;
  readonly nowMs: () => number;
  /** Sends to a region's dead-letter queue. */
  readonly send: (region: string, message: QueueMessage) => Promise<unknown>;
  readonly report: (failed: FailedInvocation) => void;
  readonly reportFault: (where: string, error: unknown) => void;
}

/**
 * What becomes of an asynchronous invocation that has failed for good.
 *
 * Failure policy: a record that the queue does not take, or that is too large for it, is said and not tried again; the
 * invocation stays among the failed ones in the data folder.
 */
export function createFailedInvocations(
  options: FailedInvocationsOptions,
): (failed: FailedInvocation) => Promise<void> {
  const { functionNames, arnOf, nowMs, send, report, reportFault } = options;
  return async (failed) => {
    const { functionName, region } = failed.invocation;
    report(failed);
    if (!functionNames.includes(functionName)) return;
    try {
      const record = failureRecord(failed, arnOf(functionName, region), nowMs());
      if (record === undefined) throw new RangeError('The record does not fit into a message.');
      await send(region, record);
    } catch (error) {
      reportFault('the dead letter of an asynchronous invocation', error);
    }
  };
}
