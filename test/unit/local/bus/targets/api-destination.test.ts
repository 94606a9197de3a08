import { expect, test } from 'vitest';
import { parseDelivery } from '../../../../../lib/core/message/parse-delivery.ts';
import { parseQueueMessage } from '../../../../../lib/core/message/queued-delivery.ts';
import type { StoredDispatch } from '../../../../../lib/local/bus/store/event-store.ts';
import { deliverPayload, deliveryMessage } from '../../../../../lib/local/bus/targets/api-destination.ts';

const nowMs = Date.UTC(2026, 0, 31);
const ruleArn = 'arn:aws:events:us-east-1:123456789012:rule/all';
const target = { Id: 't', Arn: 'arn:aws:events:us-east-1:123456789012:api-destination/orders/1-1' };
const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';

function dispatchOf(header?: string): StoredDispatch {
  const event = { id: 'e-1', region: 'us-east-1', text: '{"id":"e-1"}', acceptedAtMs: nowMs };
  const traced = header === undefined ? event : { ...event, traceHeader: header };
  return { number: 1, ruleArn, target: JSON.stringify(target), event: traced };
}

test.each([
  ['with a trace', traceHeader, { 'X-Amzn-Trace-Id': traceHeader }],
  ['without a trace', undefined, undefined],
])('the message and the payload for an event %s have no other trace', (_what, header, trace) => {
  const options = { apiDestination: undefined, nowMs };
  const message = deliveryMessage(dispatchOf(header), target);
  if (message === undefined) expect.fail('The event fits into a message.');
  expect(parseQueueMessage(message, options).delivery.trace).toEqual(trace);
  expect(parseDelivery(JSON.parse(deliverPayload(dispatchOf(header), target)), options).trace).toEqual(trace);
});
