import type { EventBridgeClient, PutEventsRequestEntry, PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import type { EventBus } from '../../ports/control.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import type { AwsClientConfig } from './clients.ts';
import { everyClient } from './clients.ts';
import { fromAwsError } from './failures.ts';

/** Loads the module of the client only when it is needed, because most instances of the function never need it. */
async function load(config: AwsClientConfig) {
  const { EventBridgeClient: Client, PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
  const client: EventBridgeClient = new Client({ ...everyClient, ...config });
  return {
    put: async (Entries: PutEventsRequestEntry[]) =>
      (await client.send(new PutEventsCommand({ Entries }))).Entries ?? [],
  };
}

/**
 * Failure policy: the SDK repeats a request whose answer was lost, so an event may be put twice. An entry that EventBridge
 * refused must be sent again by the client.
 *
 * @param eventBusName name or ARN; replaces the bus that an entry names
 */
export function createEventBridgeEventBus(config: AwsClientConfig, eventBusName: string): EventBus {
  let loading: ReturnType<typeof load> | undefined;
  return {
    async put(entries) {
      loading ??= load(config);
      const bus = await loading;
      try {
        const answers = await bus.put(entries.map((entry) => toEntry(entry, eventBusName)));
        return answers.map(toAnswer);
      } catch (error) {
        throw toPutError(error);
      }
    },
  };
}

function toEntry(entry: JsonObject, eventBusName: string): PutEventsRequestEntry {
  const { Time, ...members } = entry;
  // All other members have the type of the SDK, because the input was checked against the same service model.
  const rest = members as PutEventsRequestEntry;
  return { ...rest, ...(typeof Time === 'number' ? { Time: new Date(Time * 1000) } : {}), EventBusName: eventBusName };
}

function toAnswer({ EventId, ErrorCode, ErrorMessage }: PutEventsResultEntry): JsonObject {
  if (ErrorCode === undefined) return { EventId: EventId ?? '' };
  return { ErrorCode, ...(ErrorMessage === undefined ? {} : { ErrorMessage }) };
}

/** A client can act on validation errors and on throttling, so it gets these errors. Any other error is a failure of Lastmile. */
function toPutError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'ValidationException') return new ServiceError('ValidationException', error.message);
  if (error.name.startsWith('Throttling')) {
    return new ServiceError(
      'ThrottlingException',
      'EventBridge throttles events at the moment; send them again later.',
      { retryAfterSeconds: 1 },
    );
  }
  return fromAwsError(error, 'put the events');
}
