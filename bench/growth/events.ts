import { benchName } from '../events.ts';

/** Size limit of an invocation payload. Because of it, a batch of large messages has fewer messages. Source: Lambda quotas. */
const largestPayloadBytes = 6_000_000;

/** The most messages in one batch of the delivery queue. */
const largestBatch = 10;

const rule = 'arn:aws:events:us-east-1:123456789012:rule/orders';

/** An order with about this many bytes of JSON. As in real orders, all its order lines have the same members. */
export function orderOf(bytes: number): object {
  const event = {
    version: '0',
    id: '00000000-0000-4000-8000-000000000000',
    'detail-type': 'Order Placed',
    source: 'com.example.shop',
    account: '123456789012',
    time: '2026-03-04T10:30:01Z',
    region: 'us-east-1',
    resources: [],
    detail: { orderId: 'order-0', lines: [] as object[] },
  };
  const line = { sku: 'LAMP-7', quantity: 3, unitPrice: 9.95, note: 'as before' };
  const lines = Math.floor((bytes - JSON.stringify(event).length) / (JSON.stringify(line).length + 1));
  event.detail.lines = Array.from({ length: lines }, () => line);
  return event;
}

/** The message that a rule puts into the delivery queue for this API destination. */
export function messageBody(eventText: string, apiDestination: string = benchName): string {
  return `{"apiDestination":"${apiDestination}","event":${eventText},"rule":"${rule}","target":{"Id":"bench"}}`;
}

/** How many messages of this size one invocation gets. */
export function batchOf(bytes: number): number {
  return Math.min(largestBatch, Math.floor(largestPayloadBytes / bytes));
}

/** Name of one of many API destinations. */
export function destinationName(index: number): string {
  return `${benchName}-${index}`;
}
