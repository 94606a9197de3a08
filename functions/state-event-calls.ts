import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { StateEventBusOptions } from '../lib/adapters/aws/state-event-bus.ts';
import { createStateEventBus } from '../lib/adapters/aws/state-event-bus.ts';
import type { Config } from '../lib/config.ts';
import type { PutStateEvents, StateEventCallsDependencies } from '../lib/delivery/state-event-calls.ts';
import { createStateEventCalls } from '../lib/delivery/state-event-calls.ts';

/** `settings` are the configuration of an AWS client that the function has anyway. */
export type StateEventParts = Pick<StateEventBusOptions, 'settings'> &
  Pick<StateEventCallsDependencies, 'metrics' | 'clock'>;

/**
 * The environment may name another EventBridge, as for the AWS SDKs. Source: AWS SDKs and tools reference, service-specific
 * endpoints.
 */
export function wireStateEventCalls(
  { STATE_EVENTS_BUS_NAME: eventBusName = '', DELIVERY_QUEUE_URL: queueUrl }: Config,
  { endpoint }: AwsClientConfig,
  { settings, metrics, clock }: StateEventParts,
): PutStateEvents {
  const [, account] = /\/([0-9]{12})\//.exec(queueUrl) ?? [];
  const configured = process.env['AWS_ENDPOINT_URL_EVENTBRIDGE'] || process.env['AWS_ENDPOINT_URL'] || undefined;
  const bus = createStateEventBus({ eventBusName, account, settings, endpoint: endpoint ?? configured, clock });
  return createStateEventCalls({ bus, metrics, clock });
}
