import { benchName } from '../events.ts';

/** Invocation payloads end there: a batch of large messages holds fewer of them. Source: Lambda quotas. */
const largestPayloadBytes = 6_000_000;

/** Messages of one batch of the delivery queue at most. */
const largestBatch = 10;

const rule = 'arn:aws:events:us-east-1:123456789012:rule/orders';

/** An order whose JSON has about that many bytes, all of it lines of one form as real events have them. */
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

/** What a rule puts into the delivery queue for that API destination. */
export function messageBody(eventText: string, apiDestination: string = benchName): string {
  return `{"apiDestination":"${apiDestination}","event":${eventText},"rule":"${rule}","target":{"Id":"bench"}}`;
}

/** How many messages of that size one invocation gets. */
export function batchOf(bytes: number): number {
  return Math.min(largestBatch, Math.floor(largestPayloadBytes / bytes));
}

/** Name of one of many API destinations. */
export function destinationName(index: number): string {
  return `${benchName}-${index}`;
}
