import type { Delivery, InvocationRequest } from '../delivery/delivery.ts';
import type { BatchFormat } from '../destination/delivery-policy.ts';
import { parseJson } from '../input/json.ts';
import { formOfBody } from './render-body.ts';

/*
 * The body of a policy with a batch. Each event is rendered as a batch of one, so that an endpoint gets the same form however many
 * events come together. `joined-request.ts` makes larger batches of these.
 */

/** The Content-Type if nobody has configured another one; undefined for that of a single event. */
export const contentTypes = {
  JSON_ARRAY: undefined,
  NDJSON: 'application/x-ndjson',
} as const;

/** A body that is not JSON, or no body at all, stays as it is. Such a request is sent alone. */
export function batchOfOne(request: InvocationRequest, delivery: Delivery, format: BatchFormat): InvocationRequest {
  const { body } = request;
  if (typeof body !== 'string' || !isJson(delivery, body)) return request;
  return { ...request, batchFormat: format, body: format === 'NDJSON' ? lineOf(body) : `[${body}]` };
}

/** Source: CloudEvents JSON format 1.0.2, JSON batch format. */
export function batchOfCloudEvent(request: InvocationRequest): InvocationRequest {
  return {
    ...request,
    batchFormat: 'CLOUDEVENTS_BATCH',
    headers: { ...request.headers, 'Content-Type': 'application/cloudevents-batch+json; charset=utf-8' },
    body: `[${String(request.body)}]`,
  };
}

/** Only the lines of an input transformer may be something else than JSON, if the event itself is JSON. */
function isJson(delivery: Delivery, body: string): boolean {
  if (formOfBody(delivery) !== undefined) return false;
  return delivery.target.InputTransformer === undefined || parseJson(body) !== undefined;
}

/** A line break can stand only between the tokens of a JSON text, so a space means the same. */
function lineOf(json: string): string {
  return `${json.replace(/[\r\n]/g, ' ')}\n`;
}
