import type { RequestSettings } from '../lib/adapters/aws/signed-request.ts';
import type { Config, Environment } from '../lib/config.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { EventKeeper, KeptEvents } from '../lib/ports/kept-events.ts';

/**
 * The events in the stack's bucket; undefined when the stack has none. Performance: the code for S3 is loaded at the first use.
 *
 * @param settings the configuration of an AWS client that the function has anyway
 * @param environment may name another S3, as for the AWS SDKs. Source: AWS SDKs and tools reference, service-specific endpoints
 * @param writeLine gets a log line for each write that has failed, because the metric EventsNotKept does not say why
 */
export function wireKeptEvents(
  { KEPT_EVENTS_URL: url, ROOT_SECRET_ARN: secretArn }: Config,
  settings: RequestSettings,
  clock: Clock,
  environment: Environment = process.env,
  writeLine: (line: string) => void = () => undefined,
): (EventKeeper & KeptEvents) | undefined {
  if (url === undefined) return undefined;
  const domainName = new URL(url).host;
  // The stack owns both the secret and the bucket.
  const [, owner] = /^arn:[^:]+:secretsmanager:[^:]+:([0-9]{12}):/.exec(secretArn) ?? [];
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || undefined;
  const load = async () => {
    const { createS3KeptEvents } = await import('../lib/adapters/aws/kept-events.ts');
    return createS3KeptEvents({ domainName, owner, settings, endpoint, clock, writeLine });
  };
  let loaded: ReturnType<typeof load> | undefined;
  const events = () => (loaded ??= load());
  return {
    keep: async (deliveries, signal) => (await events()).keep(deliveries, signal),
    read: async (location) => (await events()).read(location),
  };
}
