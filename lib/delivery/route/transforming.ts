import type { Delivery } from '../../core/delivery/delivery.ts';
import type { JsonataTransformer } from '../../core/destination/delivery-policy.ts';
import { jsonataOf } from '../../core/destination/delivery-policy.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import { jsonText, printedEvent } from '../../core/input/json-text.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { hasOwnInput } from '../../core/request/render-body.ts';
import type { Transformations } from '../../ports/transformations.ts';

/** The transformer of the target, or that of the destination's policy if the target makes no input of its own. */
export function transformerOf(
  { target }: Delivery,
  { policy }: Pick<ResolvedDestination, 'policy'>,
): JsonataTransformer | undefined {
  if (target.Transformer !== undefined) return target.Transformer;
  return policy.transformer === undefined || hasOwnInput(target) ? undefined : policy.transformer;
}

/**
 * The delivery with the output of its transformer, if it has one. The output is made once for each delivery in an invocation.
 *
 * @param signal aborts when the invocation is about to end
 * @throws Failure InvalidInvocation, or OutOfTime when the signal aborts first
 */
export type Transforming = (
  delivery: Delivery,
  route: ResolvedDestination,
  signal: AbortSignal,
) => Delivery | Promise<Delivery>;

export function createTransforming(transformations: Transformations): Transforming {
  const made = new WeakMap<Delivery, { readonly expression: string; readonly delivery: Promise<Delivery> }>();

  async function transformed(
    delivery: Delivery,
    expression: string,
    destination: string,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const { event, eventId, replay } = delivery;
    const metadata = {
      'aws:DeliveryType': replay === undefined ? 'LIVE' : 'REPLAY',
      ...withoutUndefined({ 'aws:EventId': eventId }),
    };
    const eventText = event.form === undefined ? printedEvent(event) : jsonText(event.value);
    return {
      ...delivery,
      output: await transformations.apply({ destination, expression, eventText, metadata }, signal),
    };
  }

  return (delivery, route, signal) => {
    const transformer = transformerOf(delivery, route);
    if (transformer === undefined) return delivery;
    const { Expression: expression } = transformer;
    const known = made.get(delivery);
    if (known?.expression === expression) return known.delivery;
    const { incarnation } = route.apiDestination;
    const work = transformed(delivery, jsonataOf(transformer), incarnation, signal);
    made.set(delivery, { expression, delivery: work });
    return work;
  };
}
