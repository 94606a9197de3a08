import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuthorizedRequest, Delivery } from '../../../../lib/core/delivery/delivery.ts';
import type { HttpMethod } from '../../../../lib/core/destination/api-destination.ts';
import type { HttpParameter } from '../../../../lib/core/destination/connection-secret.ts';
import type { BatchFormat } from '../../../../lib/core/destination/delivery-policy.ts';
import { idempotencyKey } from '../../../../lib/core/request/idempotency-key.ts';
import { commonPartOf, joinedRequest } from '../../../../lib/core/request/joined-request.ts';
import { renderForm } from '../../../../lib/core/request/request-form.ts';
import { renderInvocation } from '../../../../lib/core/request/render-invocation.ts';
import { apiDestinationOf } from '../../../contract/dynamodb/subjects.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';
import { deliveryOf } from '../../delivery/outcomes.ts';

/* How one event is rendered under a policy with a batch, and how the requests of several events become one. */

interface Given {
  readonly method?: HttpMethod;
  readonly headerParameters?: readonly HttpParameter[];
}

function keyed(format: BatchFormat, delivery: Delivery, { method = 'POST', headerParameters = [] }: Given = {}) {
  const secret = { credentials: { authorizationType: 'BASIC', username: 'u', password: 'p' } as const };
  const endpoint = { invocationEndpoint: 'https://example.com/hook', httpMethod: method } as const;
  const rendered = renderInvocation(
    delivery,
    {
      apiDestination: { ...apiDestinationOf('orders'), ...endpoint },
      secret: { ...secret, invocationHttpParameters: { headerParameters } },
      policy: { ...policyOf(), batch: { format } },
      renderForm,
    },
    { userAgent: 'lastmile/test' },
  );
  const request: AuthorizedRequest = { ...rendered, stage: 'authorized' };
  return { request, key: idempotencyKey(delivery, 'orders') };
}

const eventOf = (id: string, members: Partial<Delivery> = {}) =>
  deliveryOf({ event: { value: { id }, text: `{"id": "${id}"}` }, ...members });

function joined(format: BatchFormat, deliveries: readonly Delivery[]) {
  const [first, ...others] = deliveries.map((delivery) => keyed(format, delivery));
  return joinedRequest([first ?? expect.fail('A batch has events.'), ...others]);
}

describe('the body', () => {
  test.each([
    ['JSON_ARRAY', '[{"id": "e-1"}]', 'application/json; charset=utf-8'],
    ['NDJSON', '{"id": "e-1"}\n', 'application/x-ndjson'],
  ] as const)('one event in the format %s is a batch of one, with its own key', (format, body, contentType) => {
    const { request, key } = keyed(format, eventOf('e-1'));
    expect(request).toMatchObject({ body, headers: { 'Content-Type': contentType, 'Idempotency-Key': 'e-1/orders' } });
    expect(key).toBe('e-1/orders');
  });

  test.each([
    ['JSON_ARRAY', '[{"id": "e-1"},{"id": "e-2"},{"id": "e-3"}]'],
    ['NDJSON', '{"id": "e-1"}\n{"id": "e-2"}\n{"id": "e-3"}\n'],
  ] as const)('several events in the format %s keep their order and their texts', (format, body) => {
    expect(
      joined(
        format,
        ['e-1', 'e-2', 'e-3'].map((id) => eventOf(id)),
      ).request.body,
    ).toBe(body);
  });

  test('every value that JSON can express comes back from a JSON array and from lines of JSON', () => {
    const values = fc.array(fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t')), { minLength: 1 });
    fc.assert(
      fc.property(values, (all) => {
        const deliveries = all.map(([value, space]) => {
          const text = JSON.stringify(value, undefined, space).replaceAll('\n', '\r\n');
          return deliveryOf({ event: { value: JSON.parse(text), text } });
        });
        const expected = deliveries.map(({ event }) => event.value);
        expect(JSON.parse(String(joined('JSON_ARRAY', deliveries).request.body))).toEqual(expected);
        const lines = String(joined('NDJSON', deliveries).request.body).split('\n');
        expect(lines.pop()).toBe('');
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
      }),
    );
  });

  test('the SDK of CloudEvents reads a batch of CloudEvents, also of text and bytes', () => {
    const fromBus = { 'detail-type': 'Order Placed', source: 'com.example.shop', detail: { orderId: 17 }, id: 'e-1' };
    const events: readonly Delivery[] = [
      deliveryOf({ event: { value: fromBus } }),
      deliveryOf({ event: { value: 'hello', form: 'text' }, eventId: 'e-2' }),
      deliveryOf({ event: { value: Buffer.from([0, 255]).toString('base64'), form: 'bytes' }, eventId: 'e-3' }),
    ];
    const { headers, body } = joined('CLOUDEVENTS_BATCH', events).request;
    expect(headers['Content-Type']).toBe('application/cloudevents-batch+json; charset=utf-8');
    const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const read = HTTP.toEvent({ headers: lowerCase, body: String(body) }) as CloudEvent[];
    for (const event of read) expect(new CloudEvent(event.toJSON()).validate()).toBe(true);
    expect(read.map(({ id, type, data }) => [id, type, data])).toEqual([
      ['e-1', 'Order Placed', { orderId: 17 }],
      ['e-2', 'lastmile.event', 'hello'],
      ['e-3', 'lastmile.event', expect.anything()],
    ]);
  });

  test('a Content-Type of the connection replaces that of the lines of JSON', () => {
    const headerParameters = [{ key: 'Content-Type', value: 'application/jsonl', isValueSecret: false }];
    const { request } = keyed('NDJSON', eventOf('e-1'), { headerParameters });
    expect(request.headers['Content-Type']).toBe('application/jsonl');
  });
});

describe('requests that cannot be joined', () => {
  test.each<[string, Delivery, Given, unknown]>([
    ['text', deliveryOf({ event: { value: 'hello', form: 'text' } }), {}, 'hello'],
    ['bytes', deliveryOf({ event: { value: 'aGk=', form: 'bytes' } }), {}, Buffer.from('hi')],
    ['an event for GET', eventOf('e-1'), { method: 'GET' }, undefined],
    [
      'lines that are not JSON',
      eventOf('e-1', { target: { InputTransformer: { InputTemplate: '"a"\n"b"' } } }),
      {},
      '"a"\n"b"',
    ],
  ])('%s has the request that it would have without a batch', (_what, delivery, given, body) => {
    const { request, key } = keyed('JSON_ARRAY', delivery, given);
    expect(request.body).toEqual(body);
    expect(commonPartOf({ request, key })).toBeUndefined();
  });

  test('events with other paths, query parameters, headers or keys of their own are not joined', () => {
    const targets: readonly Delivery['target'][] = [
      {},
      { HttpParameters: { QueryStringParameters: { shop: '$.id' } } },
      { HttpParameters: { HeaderParameters: { 'X-Shop': '1' } } },
      { HttpParameters: { HeaderParameters: { 'Idempotency-Key': '$.id' } } },
    ];
    const parts = targets.map((target) => commonPartOf(keyed('JSON_ARRAY', eventOf('e-1', { target }))));
    expect(new Set(parts).size).toBe(targets.length);
    const sameHeaders = ['e-1', 'e-2'].map((id) => commonPartOf(keyed('JSON_ARRAY', eventOf(id))));
    expect(new Set(sameHeaders).size).toBe(1);
  });
});

describe('the key of a batch', () => {
  const keyOf = (...ids: readonly string[]) =>
    joined(
      'JSON_ARRAY',
      ids.map((id) => eventOf(id)),
    );

  test('the key of a batch is the same for the same events in the same order, and no other', () => {
    const { key, request } = keyOf('e-1', 'e-2');
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(request.headers['Idempotency-Key']).toBe(key);
    expect(keyOf('e-1', 'e-2').key).toBe(key);
    expect(new Set([key, keyOf('e-2', 'e-1').key, keyOf('e-1', 'e-2', 'e-3').key]).size).toBe(3);
  });

  test('a key that the target sets is the key of the batch, when it is the same for all events', () => {
    const target = { HttpParameters: { HeaderParameters: { 'idempotency-key': 'fixed' } } };
    const { request } = joined(
      'JSON_ARRAY',
      ['e-1', 'e-2'].map((id) => eventOf(id, { target })),
    );
    expect(Object.entries(request.headers).filter(([name]) => /idempotency/i.test(name))).toEqual([
      ['idempotency-key', 'fixed'],
    ]);
  });
});
