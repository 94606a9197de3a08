import type { Delivery } from '../lib/core/delivery/delivery.ts';
import { parseDelivery } from '../lib/core/message/parse-delivery.ts';

/** Name of the connection and the API destination of every bench. */
export const benchName = 'bench';

/** An order of about 1 KB. */
function orderEvent(index: number) {
  return {
    version: '0',
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    'detail-type': 'Order Placed',
    source: 'com.example.shop',
    account: '123456789012',
    time: '2026-03-04T10:30:01Z',
    region: 'us-east-1',
    resources: [],
    detail: {
      orderId: `order-${index}`,
      customer: { id: 'customer-0007', locale: 'en-GB' },
      total: 149.95,
      lines: Array.from({ length: 10 }, (_, line) => ({ sku: `LAMP-${line}`, quantity: line, unitPrice: 9.95 })),
    },
  };
}

type OrderEvent = ReturnType<typeof orderEvent>;

export const orderEvents: readonly OrderEvent[] = Array.from({ length: 1000 }, (_, index) => orderEvent(index));

/** Parameters whose values come from each event. They go into the header and the query of its request. */
export const dynamicParameters = {
  HeaderParameters: { 'X-Order-Id': '$.detail.orderId' },
  QueryStringParameters: { customer: '$.detail.customer.id' },
};

/** The deliveries of a rule's target, either with `dynamicParameters` or without parameters. */
export function deliveries(options: { readonly dynamic: boolean }): readonly Delivery[] {
  const target = { Id: 'bench', ...(options.dynamic && { HttpParameters: dynamicParameters }) };
  const rule = 'arn:aws:events:us-east-1:123456789012:rule/orders';
  return orderEvents.map((event) =>
    parseDelivery({ apiDestination: benchName, event, rule, target }, { apiDestination: undefined, nowMs: Date.now() }),
  );
}

/** The same deliveries as they come from the delivery queue, with the original text of each event. */
export function queued(plain: readonly Delivery[]): readonly Delivery[] {
  return plain.map((delivery) => {
    const { value } = delivery.event;
    return { ...delivery, event: { value, text: JSON.stringify(value) } };
  });
}
