import { expect, test } from 'vitest';
import { elementsOf } from '../../../lib/core/message/elements.ts';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';
import { envelope, scheduledEvent, snsEvent, snsNotification, withMetadata } from '../../../lib/events/index.ts';

const here = { apiDestination: 'orders', nowMs: 0 };
const order = { orderId: 'order-000042' };

test('deliver reads an event with metadata, and its id', () => {
  const sent = withMetadata(order, { metadata: { tenant: 'acme' }, systemMetadata: { 'aws:DeliveryType': 'REPLAY' } });
  expect(sent.Metadata).toEqual({ tenant: 'acme' });
  const eventId = sent.SystemMetadata['aws:EventId'];
  expect(parseDelivery(sent, here)).toMatchObject({ event: { value: order }, eventId, replay: '' });
  expect(withMetadata(order).SystemMetadata['aws:EventId']).not.toBe(eventId);
});

test('deliver reads bytes with metadata', () => {
  const systemMetadata = { ContentType: 'application/octet-stream' };
  const sent = withMetadata('aGVsbG8=', { systemMetadata });
  expect(parseDelivery(sent, here).event).toEqual({ value: 'aGVsbG8=', form: 'bytes' });
});

test('an envelope may hold text, bytes and metadata', () => {
  const anywhere = { apiDestination: undefined, nowMs: 0 };
  expect(parseDelivery(envelope('orders', 'hello'), anywhere).event).toEqual({ value: 'hello', form: 'text' });
  const { SystemMetadata } = withMetadata(order);
  const sent = envelope('orders', 'aGVsbG8=', { isBase64Encoded: true, SystemMetadata });
  expect(parseDelivery(sent, anywhere)).toMatchObject({
    event: { form: 'bytes' },
    eventId: SystemMetadata['aws:EventId'],
  });
});

test('the event of a schedule without an input has the time and the ARN of the schedule', () => {
  const arn = 'arn:aws:scheduler:eu-central-1:210987654321:schedule/default/close-of-day';
  expect(scheduledEvent(arn, 0)).toMatchObject({
    'detail-type': 'Scheduled Event',
    account: '210987654321',
    region: 'eu-central-1',
    time: '1970-01-01T00:00:00Z',
    resources: [arn],
  });
  expect(parseDelivery(scheduledEvent(), here).event.value).toMatchObject({ source: 'aws.scheduler' });
});

test('deliver reads the message of SNS, as a function gets it and as a queue gets it', () => {
  const [element, ...rest] = elementsOf(snsEvent(order)) ?? [];
  expect(rest).toEqual([]);
  expect(parseDelivery(element?.value, here).event.value).toEqual(order);
  expect(parseDelivery(snsNotification('hello'), here).event).toEqual({ value: 'hello', form: 'text' });
});
