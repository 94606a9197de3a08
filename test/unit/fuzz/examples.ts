import { expect } from 'vitest';
import { policyOf } from '../../fakes/delivery-policies.ts';
import type { ConnectionSecret } from '../../../lib/core/destination/connection-secret.ts';
import { formatDeadLetter } from '../../../lib/core/message/dead-letter-message.ts';
import type { Delivery } from '../../../lib/core/delivery/delivery.ts';
import { isHeaderName, isHeaderValue } from '../../../lib/core/request/header-rules.ts';
import { printedEvent } from '../../../lib/core/input/json-text.ts';
import { formatQueuedDelivery, parseQueueMessage } from '../../../lib/core/message/queued-delivery.ts';
import { renderInvocation } from '../../../lib/core/request/render-invocation.ts';
import { escapeForSqs } from '../../../lib/core/message/raw-message.ts';
import { apiDestinationOf } from '../../contract/dynamodb/subjects.ts';
import { nowMs } from '../core/message/deliveries.ts';
import { parsed } from './hostile-inputs.ts';

export const event = {
  id: 'e-1',
  'detail-type': 'Order Placed',
  source: 'shop',
  detail: { order: 7, ['__proto__']: { a: 1 }, list: [{ a: 'b' }, 'c4n4ry'] },
};
export const target = {
  Id: 'partner',
  Arn: 'arn:aws:events:us-east-1:123456789012:api-destination/orders/1',
  InputTransformer: {
    InputPathsMap: { order: '$.detail.order', all: '$.detail.list[*].a' },
    InputTemplate:
      '{"a": <order>, "b": "<all> {{order}}", "t": "<aws.events.event.ingestion-time>", "e": <aws.events.event>}',
  },
  HttpParameters: {
    PathParameterValues: ['$.detail.order'],
    HeaderParameters: { 'X-Source': '$.source', 'x-a': 'b' },
    QueryStringParameters: { q: '$.detail.list[0].a', '$.source': 'v' },
  },
  RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60 },
  DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:123456789012:dead' },
};
export const envelope = {
  apiDestination: 'orders',
  event,
  rule: 'arn:aws:events:us-east-1:123456789012:rule/orders',
  target,
};
export const record = {
  version: '1.0',
  requestContext: {
    functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:deliver',
    condition: 'RetriesExhausted',
  },
  requestPayload: envelope,
};
export const own = {
  v: 1,
  apiDestination: 'orders',
  rule: 'r',
  target,
  attempts: 2,
  postponements: 1,
  firstReceivedAt: nowMs,
  firstAttemptAt: nowMs,
  lastAttemptAt: nowMs,
  notBefore: nowMs,
  turn: 5,
  code: 'EndpointFailed',
};

export const options = { apiDestination: undefined, nowMs };
const secret: ConnectionSecret = {
  credentials: { authorizationType: 'BASIC', username: 'a', password: 'b' },
  invocationHttpParameters: {
    headerParameters: [{ key: 'x-c', value: 'd', isValueSecret: false }],
    queryStringParameters: [{ key: '__proto__', value: 'x', isValueSecret: false }],
  },
};

/** Runs every step of a delivery that needs no network. The request must be valid HTTP, and messages must read back the same. */
export function goThrough(delivery: Delivery): void {
  const resolved = {
    apiDestination: apiDestinationOf('orders'),
    secret,
    policy: policyOf(),
  };
  const request = parsed(() => renderInvocation(delivery, resolved, { userAgent: 'lastmile/test' }));
  if (request !== undefined) {
    expect(request.origin).toBe('https://example.com');
    expect(request.path).toMatch(/^\/[\x21-\x7e]*$/);
    for (const [name, value] of Object.entries(request.headers)) {
      expect(isHeaderName(name) && isHeaderValue(value)).toBe(true);
    }
    expect(typeof request.body).toBe('string');
  }
  const queued = parsed(() => formatQueuedDelivery({ delivery }));
  if (queued !== undefined) {
    const read = parsed(() => parseQueueMessage(queued, options))?.delivery;
    expect({ ...read, event: undefined }).toEqual({ ...delivery, event: undefined });
    expect(read && printedEvent(read.event)).toBe(escapeForSqs(printedEvent(delivery.event)));
  }
  parsed(() => formatDeadLetter({ body: '{}', delivery, code: 'EndpointFailed', reason: 'r', answer: 'a' }));
}
