import { parseJsonExactly } from '../../core/input/exact-json.ts';
import { jsonText } from '../../core/input/json-text.ts';
import type { QueueMessage } from '../../core/message/queue-message.ts';
import { fitted } from '../../core/message/queue-message.ts';
import { escapeForSqs } from '../../core/message/raw-message.ts';
import type { FailedInvocation } from './asynchronous-invocations.ts';

/**
 * The record that Lambda sends to the on-failure destination when an asynchronous invocation has failed for good.
 * Source: Lambda developer guide, capturing records of asynchronous invocations.
 *
 * @returns undefined when the record is too large for a message
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
    requestPayload: parseJsonExactly(invocation.payload) ?? null,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: parseJsonExactly(outcome.payload) ?? null,
  };
  const { traceHeader } = invocation;
  const traced = traceHeader === undefined ? {} : { traceHeader };
  return fitted({ body: escapeForSqs(jsonText(record)), attributes: {}, ...traced });
}

export interface FailedInvocationsOptions {
  /** The functions whose failed invocations hold an event that can be delivered again. */
  readonly functionNames: readonly string[];
  readonly arnOf: (functionName: string, region: string) => string;
  readonly nowMs: () => number;
  /** Sends a message to a region's dead-letter queue. */
  readonly send: (region: string, message: QueueMessage) => Promise<unknown>;
  readonly report: (failed: FailedInvocation) => void;
  readonly reportFault: (where: string, error: unknown) => void;
}

/**
 * Handles asynchronous invocations that have failed for good.
 *
 * Failure policy: when the queue refuses a record, or the record is too large for a message, the fault is reported and
 * the record is not sent again. The data folder still lists the failed invocation.
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
      if (record === undefined) throw new RangeError('The record of the failed invocation is too large for a message.');
      await send(region, record);
    } catch (error) {
      reportFault('sending a failed invocation to the dead-letter queue', error);
    }
  };
}
