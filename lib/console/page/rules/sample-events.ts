import scheduled from '../../../../test/events/scheduled-event.json';
import orderPlaced from '../../../../test/events/custom-order-placed.json';
import instanceStateChange from '../../../../test/events/ec2-instance-state-change.json';
import objectCreated from '../../../../test/events/s3-object-created.json';
import pipelineStateChange from '../../../../test/events/codepipeline-execution-state-change.json';
import text from '../../../../test/events/unicode.json';

/** An event with which a person can try a pattern or an input transformer. */
export interface SampleEvent {
  readonly label: string;
  readonly text: string;
}

function sample(event: { readonly source: string; readonly 'detail-type': string }): SampleEvent {
  return { label: `${event['detail-type']} (${event.source})`, text: JSON.stringify(event, undefined, 2) };
}

/** The sample events of the project. */
export const sampleEvents: readonly SampleEvent[] = [
  orderPlaced,
  objectCreated,
  instanceStateChange,
  pipelineStateChange,
  scheduled,
  text,
].map(sample);

/** The event that is shown at first. */
export const firstSample = sample(orderPlaced).text;
