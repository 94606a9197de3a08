import { Buffer } from 'node:buffer';
import { partitionOf } from '../../core/destination/arn.ts';
import type { StateEvent } from '../../core/destination/state-event.ts';
import { stateEventOf, stateEventSource } from '../../core/destination/state-event.ts';
import { Failure } from '../../core/failure/failure.ts';
import { isJsonObject, parseJson } from '../../core/input/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateEventBus } from '../../ports/state-events.ts';
import { fromAwsError } from './failures.ts';
import type { RequestSettings, SignedRequest } from './signed-request.ts';
import { signedRequest, textOf } from './signed-request.ts';

export interface StateEventBusOptions {
  readonly eventBusName: string;
  /** The account of the stack's resources; undefined when it is not known. Then the events have no `resources`. */
  readonly account: string | undefined;
  /** The configuration of an AWS client that the function has anyway. */
  readonly settings: RequestSettings;
  /** Address of another EventBridge, such as that of the local stack. Default: EventBridge's own. */
  readonly endpoint: string | undefined;
  readonly clock: Clock;
}

const what = 'put the state events';

/**
 * Puts state events with one call. Performance: the call needs 3 KB of code, and the AWS client for EventBridge would not fit into
 * the bundles of the functions that deliver.
 *
 * Failure policy: the call is not repeated, because the invocation waits for it.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export function createStateEventBus(options: StateEventBusOptions): StateEventBus {
  const { requestHandler } = options.settings;
  return {
    async put(changes, abortSignal) {
      const events = changes.flatMap((change) => stateEventOf(change) ?? []);
      if (events.length === 0) return 0;
      const request = await requestOf(options, events);
      let answer: { readonly status: number; readonly text: string };
      try {
        const { response } = await requestHandler.handle(request, { abortSignal });
        answer = { status: response.statusCode, text: await textOf(response.body) };
      } catch (error) {
        throw fromAwsError(error, what);
      }
      if (answer.status !== 200) throw new Failure('StoreRefused', `Could not ${what}: HTTP status ${answer.status}.`);
      const parsed = parseJson(answer.text);
      const refused = isJsonObject(parsed) ? parsed['FailedEntryCount'] : undefined;
      return typeof refused === 'number' ? refused : 0;
    },
  };
}

async function requestOf(options: StateEventBusOptions, events: readonly StateEvent[]): Promise<SignedRequest> {
  const { settings, clock } = options;
  const region = await settings.region();
  const Entries = events.map((event) => entryOf(event, options, region));
  return await signedRequest(settings, clock, {
    service: 'events',
    method: 'POST',
    url: new URL(options.endpoint ?? (await endpointOf(region, settings.useFipsEndpoint))),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
    body: Buffer.from(JSON.stringify({ Entries })),
  });
}

async function endpointOf(region: string, useFipsEndpoint: () => Promise<boolean>): Promise<string> {
  const suffix = partitionOf(region) === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://events${(await useFipsEndpoint()) ? '-fips' : ''}.${region}.${suffix}`;
}

function entryOf(
  { detailType, detail, resource, atMs }: StateEvent,
  { eventBusName, account }: StateEventBusOptions,
  region: string,
) {
  const isKnown = resource !== undefined && account !== undefined;
  return {
    EventBusName: eventBusName,
    Source: stateEventSource,
    DetailType: detailType,
    Detail: JSON.stringify(detail),
    Time: atMs / 1000,
    ...(isKnown && { Resources: [`arn:${partitionOf(region)}:events:${region}:${account}:${resource}`] }),
  };
}
