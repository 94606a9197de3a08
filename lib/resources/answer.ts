import type { JsonObject } from '../core/input/json.ts';
import type { ResourceRequest } from './request.ts';

export type Result =
  | { readonly status: 'SUCCESS'; readonly physicalResourceId: string; readonly data: JsonObject }
  | { readonly status: 'FAILED'; readonly physicalResourceId: string; readonly reason: string };

/** The largest answer that CloudFormation reads. Source: CloudFormation user guide, custom resource response objects. */
const maximumBytes = 4096;

/** Leaves room for the other members and for characters that JSON escapes. */
const maximumReasonBytes = 1500;

/**
 * The body of an answer. A reason that is too long loses its end.
 *
 * @throws RangeError when the ids of the request do not leave room, which no request of CloudFormation can cause
 */
export function formatAnswer(request: ResourceRequest, result: Result): string {
  const ids = {
    PhysicalResourceId: result.physicalResourceId,
    StackId: request.stackId,
    RequestId: request.requestId,
    LogicalResourceId: request.logicalResourceId,
  };
  const body =
    result.status === 'SUCCESS'
      ? { Status: result.status, ...ids, Data: result.data }
      : { Status: result.status, Reason: shortened(result.reason), ...ids };
  const text = JSON.stringify(body);
  const bytes = byteLength(text);
  if (bytes > maximumBytes)
    throw new RangeError(`The answer has ${bytes} bytes, and CloudFormation reads ${maximumBytes}.`);
  return text;
}

function shortened(reason: string): string {
  if (byteLength(JSON.stringify(reason)) <= maximumReasonBytes) return reason;
  const characters = Array.from(reason);
  while (byteLength(JSON.stringify(`${characters.join('')}...`)) > maximumReasonBytes) {
    characters.length = Math.floor(characters.length * 0.9);
  }
  return `${characters.join('')}...`;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
