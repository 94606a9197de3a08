import type { Delivery, InvocationRequest } from '../delivery/delivery.ts';
import type { CloudEventsFormat, DeliveryPolicy } from '../destination/delivery-policy.ts';
import { batchOfCloudEvent, batchOfOne, contentTypes } from './batch-body.ts';
import { cloudEventOf, withCloudEvent } from './cloud-event.ts';
import { contentTypeOf, hasOwnInput } from './render-body.ts';

/** What a body is made of. */
export interface Content {
  /** The delivery, or for a CloudEvent the delivery of its data. */
  readonly delivery: Delivery;
  /** Default: JSON. */
  readonly contentType: string | undefined;
}

export interface FormParts {
  readonly delivery: Delivery;
  /** The delivery whose event is what a transformer has made. */
  readonly made: Delivery;
  readonly policy: Pick<DeliveryPolicy, 'format' | 'batch'>;
  /** Of the API destination. */
  readonly arn: string;
  readonly render: (content: Content) => InvocationRequest;
}

/** The request for a policy whose events are sent in another form than they have: as CloudEvents, or as batches of one. */
export function renderForm(parts: FormParts): InvocationRequest {
  const { made, render } = parts;
  const { format, batch } = parts.policy;
  if (batch?.format === 'CLOUDEVENTS_BATCH') return batchOfCloudEvent(cloudEvent(parts, 'CLOUDEVENTS_STRUCTURED'));
  if (batch !== undefined) {
    const contentType = contentTypeOf(made) ?? contentTypes[batch.format];
    return batchOfOne(render({ delivery: made, contentType }), made, batch.format);
  }
  return format === undefined
    ? render({ delivery: made, contentType: contentTypeOf(made) })
    : cloudEvent(parts, format);
}

function cloudEvent({ delivery, made, arn, render }: FormParts, format: CloudEventsFormat): InvocationRequest {
  const { attributes, data, contentType } = cloudEventOf(delivery, arn);
  const isMade = delivery.output !== undefined || hasOwnInput(delivery.target);
  const content = isMade ? made : { ...delivery, event: data };
  const rendered = render({
    delivery: content,
    contentType: isMade ? contentTypeOf(content) : (contentType ?? contentTypeOf(content)),
  });
  return withCloudEvent(rendered, attributes, format);
}
