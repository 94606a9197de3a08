import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Delivery, InvocationRequest } from '../../../../lib/core/delivery/delivery.ts';
import type { HttpMethod } from '../../../../lib/core/destination/api-destination.ts';
import type { HttpParameter } from '../../../../lib/core/destination/connection-secret.ts';
import type { CloudEventsFormat } from '../../../../lib/core/destination/delivery-policy.ts';
import { renderForm } from '../../../../lib/core/request/request-form.ts';
import { renderInvocation } from '../../../../lib/core/request/render-invocation.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';
import { apiDestinationOf } from '../../../contract/dynamodb/subjects.ts';
import { deliveryOf } from '../../delivery/outcomes.ts';
import { failureOf } from '../failure/failing.ts';
import { deliveries } from '../message/deliveries.ts';

const order = {
  version: '0',
  id: 'e-1',
  'detail-type': 'Order Placed',
  source: 'com.example.shop',
  account: '123456789012',
  time: '2026-11-04T12:00:00Z',
  region: 'us-east-1',
  resources: ['order-17'],
  detail: { orderId: 17 },
};
const text = JSON.stringify(order).replace(':17}', ':17.0}');
const eventOf = (value: Delivery['event']['value'], json = JSON.stringify(value)) => ({ value, text: json });
const formats: readonly CloudEventsFormat[] = ['CLOUDEVENTS_BINARY', 'CLOUDEVENTS_STRUCTURED'];

interface Given {
  readonly method?: HttpMethod;
  readonly headerParameters?: readonly HttpParameter[];
  readonly bodyParameters?: readonly HttpParameter[];
}

function render(format: CloudEventsFormat, delivery: Delivery, { method = 'POST', ...parameters }: Given = {}) {
  const secret = { credentials: { authorizationType: 'BASIC', username: 'u', password: 'p' } as const };
  return renderInvocation(
    delivery,
    {
      apiDestination: {
        ...apiDestinationOf('orders'),
        invocationEndpoint: 'https://example.com/hook',
        httpMethod: method,
      },
      secret: { ...secret, invocationHttpParameters: parameters },
      policy: { ...policyOf(), format },
      renderForm,
    },
    { userAgent: 'lastmile/test' },
  );
}

/** The CloudEvent that the SDK of the CloudEvents project reads from a request. */
function read({ headers, body }: InvocationRequest) {
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const message = {
    headers: Object.fromEntries(lowerCase),
    body: typeof body === 'string' ? body : Buffer.from(body ?? ''),
  };
  const event = HTTP.toEvent(message);
  if (!(event instanceof CloudEvent)) throw new Error('This is a batch.');
  return event;
}

const parameter = (key: string, value: string): HttpParameter => ({ key, value, isValueSecret: false });

describe.each(formats)('a request in the format %s', (format) => {
  test(`an event of EventBridge is a valid CloudEvent in the format ${format}`, () => {
    const event = read(render(format, deliveryOf({ event: eventOf(order, text) })));
    expect(event.validate()).toBe(true);
    expect(event.toJSON()).toMatchObject({
      specversion: '1.0',
      id: 'e-1',
      source: 'com.example.shop',
      type: format === 'CLOUDEVENTS_BINARY' ? 'Order%20Placed' : 'Order Placed',
      time: '2026-11-04T12:00:00.000Z',
      subject: 'order-17',
      awsaccount: '123456789012',
      awsregion: 'us-east-1',
      data: { orderId: 17 },
    });
  });

  test(`the data of a request in the format ${format} keep the digits of their numbers`, () => {
    expect(render(format, deliveryOf({ event: eventOf(order, text) })).body).toContain('{"orderId":17.0}');
  });

  test(`an event that is a CloudEvent keeps its attributes in the format ${format}`, () => {
    const given = {
      specversion: '1.0',
      id: '1',
      source: '/shop',
      type: 'a',
      dataschema: 'https://example.com/s',
      n: 7,
      data: { a: 1 },
    };
    const event = read(render(format, deliveryOf({ event: eventOf(given), eventId: 'bus-1' })));
    expect(event.toJSON()).toMatchObject({ ...given, n: '7' });
  });

  test(`a CloudEvent with binary or text data keeps them in the format ${format}`, () => {
    const given = {
      specversion: '1.0',
      id: '1',
      source: '/shop',
      type: 'a',
      datacontenttype: 'application/octet-stream',
    };
    const bytes = read(render(format, deliveryOf({ event: eventOf({ ...given, data_base64: '/wA=' }) })));
    expect(Buffer.from(bytes.data as Uint8Array).toString('base64')).toBe('/wA=');
    const typed = { ...given, datacontenttype: 'text/xml', data: '<a/>' };
    const request = render(format, deliveryOf({ event: eventOf(typed) }));
    expect(
      format === 'CLOUDEVENTS_BINARY'
        ? request.headers['Content-Type']
        : JSON.parse(String(request.body)).datacontenttype,
    ).toBe('text/xml');
    expect(read(request).data).toBe('<a/>');
  });

  test.each([
    [{ value: 'hello', form: 'text' } as const, 'hello'],
    [eventOf([1, 2]), [1, 2]],
    [eventOf({ a: 1 }), { a: 1 }],
  ])(
    `the event %j, which is not of EventBridge, is the data of a CloudEvent in the format ${format}`,
    (event, data) => {
      const sent = read(render(format, deliveryOf({ event, eventId: 'bus-1' })));
      const source = apiDestinationOf('orders').arn;
      expect(sent.toJSON()).toMatchObject({ id: 'bus-1', source, type: 'lastmile.event', data });
    },
  );

  test(`the input of the target and the connection's body parameters make the data in the format ${format}`, () => {
    const target = { InputPath: '$.detail' };
    const bodyParameters = [parameter('token', '1')];
    const sent = read(render(format, deliveryOf({ event: eventOf(order), target }), { bodyParameters }));
    expect(sent.toJSON()).toMatchObject({ id: 'e-1', source: 'com.example.shop', data: { orderId: 17, token: '1' } });
    const plain = read(render(format, deliveryOf({ event: eventOf(order) }), { bodyParameters }));
    expect(plain.data).toEqual({ orderId: 17, token: '1' });
  });

  test(`every delivery gives a valid request in the format ${format}, or is refused with a Failure`, () => {
    fc.assert(
      fc.property(deliveries, ({ event: { text: _text, ...event }, ...rest }) => {
        const delivery = { ...rest, event };
        const outcome = failureOf(() => void render(format, delivery));
        if (outcome === 'no failure') expect(read(render(format, delivery)).validate()).toBe(true);
        else expect(outcome).toMatch(/^InvalidInvocation: /);
      }),
      { numRuns: 200 },
    );
  });
});

test('the attributes in headers are encoded as the HTTP binding of CloudEvents says', () => {
  const odd = { ...order, 'detail-type': 'Bestellung “€” 100% "ok"\n', source: '1:shop a\u0000#b%zz', time: 'noon' };
  const { headers } = render('CLOUDEVENTS_BINARY', deliveryOf({ event: eventOf(odd) }));
  expect(headers['ce-type']).toBe('Bestellung%20%E2%80%9C%E2%82%AC%E2%80%9D%20100%25%20%22ok%22%20');
  expect(headers['ce-source']).toBe('1%253Ashop%2520a%2500%2523b%2525zz');
  expect(headers).not.toHaveProperty('ce-time');
});

test('a header of the target or the connection is sent instead of an attribute', () => {
  const target = { HttpParameters: { HeaderParameters: { 'CE-Type': '$.source' } } };
  const request = render('CLOUDEVENTS_BINARY', deliveryOf({ event: eventOf(order), target }));
  expect(request.headers).toMatchObject({ 'CE-Type': 'com.example.shop' });
  expect(request.headers).not.toHaveProperty('ce-type');
});

test.each(['Ce--a', 'ce-', 'ce-or_der', 'CE-SpecVersion'])(
  'a header %s of the target is refused, because it is not an attribute that a binary CloudEvent may set',
  (header) => {
    const target = { HttpParameters: { HeaderParameters: { [header]: '1' } } };
    const delivery = deliveryOf({ event: eventOf(order), target });
    expect(failureOf(() => void render('CLOUDEVENTS_BINARY', delivery))).toContain(
      `InvalidInvocation: The header ${header.toLowerCase()} cannot be sent with a CloudEvent`,
    );
    expect(failureOf(() => void render('CLOUDEVENTS_STRUCTURED', delivery))).toBe('no failure');
  },
);

test('a structured CloudEvent needs a body, and a binary one without a body has its attributes', () => {
  const delivery = deliveryOf({ event: eventOf(order) });
  expect(failureOf(() => void render('CLOUDEVENTS_STRUCTURED', delivery, { method: 'GET' }))).toBe(
    'InvalidInvocation: A CloudEvent whose attributes are in the body needs a body, and GET has none: use Format CLOUDEVENTS_BINARY or another method.',
  );
  expect(render('CLOUDEVENTS_BINARY', delivery, { method: 'GET' }).headers).toMatchObject({ 'ce-id': 'e-1' });
});

test('a Content-Type that the connection sets becomes the type of the data', () => {
  const headerParameters = [parameter('content-type', 'application/vnd.shop+json')];
  const request = render('CLOUDEVENTS_STRUCTURED', deliveryOf({ event: eventOf(order) }), { headerParameters });
  expect(request.headers['Content-Type']).toBe('application/cloudevents+json; charset=utf-8');
  expect(JSON.parse(String(request.body))).toMatchObject({
    datacontenttype: 'application/vnd.shop+json',
    data: { orderId: 17 },
  });
});
