import { describe, expect, test } from 'vitest';
import type { Delivery, DeliveryTarget } from '../../../../lib/core/delivery/delivery.ts';
import type { ResolvedDestination } from '../../../../lib/core/destination/resolved-destination.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { renderForm } from '../../../../lib/core/request/request-form.ts';
import { renderInvocation } from '../../../../lib/core/request/render-invocation.ts';
import { createTransforming, transformerOf } from '../../../../lib/delivery/route/transforming.ts';
import type { Transformation } from '../../../../lib/ports/transformations.ts';
import { deliveryOf, routeOf } from '../outcomes.ts';

const transformer = (Expression: string) => ({ Type: 'JSONATA', Expression }) as const;

/** A worker whose expressions all give the same result. */
function setUp(fails = false) {
  const applied: Transformation[] = [];
  const { signal } = new AbortController();
  const signals: AbortSignal[] = [];
  const transforming = createTransforming({
    async apply(transformation, given) {
      applied.push(transformation);
      signals.push(given);
      if (fails) throw new Failure('InvalidInvocation', 'injected');
      return { value: { made: 1 }, text: '{"made":1.0}' };
    },
  });
  const transform = (delivery: Delivery, route: ResolvedDestination) => transforming(delivery, route, signal);
  return { applied, transform, signal, signals };
}

describe('the transformer of a delivery', () => {
  const own = transformer('a');
  const ofPolicy = transformer('b');
  test.each<[target: DeliveryTarget, expected: object | undefined]>([
    [{}, ofPolicy],
    [{ InputPath: '$' }, ofPolicy],
    [{ Transformer: own }, own],
    [{ Input: '1' }, undefined],
    [{ InputPath: '$.detail' }, undefined],
    [{ InputTransformer: { InputTemplate: '1' } }, undefined],
  ])('the target %j has its own input, or that of the policy', (target, expected) => {
    expect(transformerOf(deliveryOf({ target }), routeOf({ transformer: ofPolicy }))).toEqual(expected);
  });

  test('a delivery without a transformer is not touched', () => {
    const delivery = deliveryOf();
    expect(setUp().transform(delivery, routeOf())).toBe(delivery);
  });

  test('the expression of a transformer is evaluated once, and its output is the body of the request', async () => {
    const { applied, transform, signal, signals } = setUp();
    const delivery = deliveryOf({
      target: { Transformer: transformer(' {% $.id %}\n'), HttpParameters: { PathParameterValues: ['1'] } },
      eventId: 'bus-1',
    });
    const made = await transform(delivery, routeOf());
    expect(await transform(delivery, routeOf())).toBe(made);
    const metadata = { 'aws:DeliveryType': 'LIVE', 'aws:EventId': 'bus-1' };
    const destination = routeOf().apiDestination.incarnation;
    expect(signals).toEqual([signal]);
    expect(applied).toEqual([{ destination, expression: ' $.id ', eventText: '{"id":"e-1"}', metadata }]);
    expect(renderInvocation(made, routeOf(), { userAgent: 'test' })).toMatchObject({ body: '{"made":1.0}' });
    const structured = {
      ...routeOf({ format: 'CLOUDEVENTS_STRUCTURED' }),
      renderForm,
    };
    const { body } = renderInvocation(made, structured, { userAgent: 'test' });
    expect(JSON.parse(String(body))).toMatchObject({ id: 'bus-1', data: { made: 1 } });
  });

  test('the expression gets the text of an event that is not JSON, and the type of a replay', async () => {
    const { applied, transform } = setUp();
    const event = { value: 'hello', form: 'text' } as const;
    await transform(deliveryOf({ event, replay: 'audit', target: { Transformer: transformer('$') } }), routeOf());
    expect(applied).toMatchObject([{ eventText: '"hello"', metadata: { 'aws:DeliveryType': 'REPLAY' } }]);
  });

  test('a delivery fails if its expression fails', async () => {
    const delivery = deliveryOf({ target: { Transformer: transformer('$') } });
    await expect(setUp(true).transform(delivery, routeOf())).rejects.toMatchObject({ code: 'InvalidInvocation' });
  });
});
