import { isApiDestination } from '../../core/message/parse-delivery.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember, parseJson } from '../../core/input/json.ts';

/** The input of an invocation, and what the person at the terminal should know about it. */
export interface PreparedInput {
  readonly input: unknown;
  readonly remark?: string;
}

/** Functions that take no events get these inputs in place of an event. None of these inputs changes anything. */
const ownInputs: Readonly<Record<string, JsonObject>> = {
  'control-api': { operation: 'ListApiDestinations', input: {} },
  redrive: { dryRun: true },
  'authorize-connection': { name: 'example', incarnation: 'example' },
  resources: {
    RequestType: 'Delete',
    ResponseURL: 'http://127.0.0.1/',
    StackId: 'arn:aws:cloudformation:us-east-1:123456789012:stack/example/example',
    RequestId: 'example',
    ResourceType: 'Custom::LastmileApiDestination',
    LogicalResourceId: 'Example',
    PhysicalResourceId: 'example-of-nobody',
    ResourceProperties: {},
  },
};

/**
 * Makes every sample event an input that the function can take. An input that is not an event, an envelope or a batch is passed on as
 * it is, because the function itself says what is wrong with it.
 *
 * @param text the input as it was written, if that is known; its numbers keep their digits
 */
export function prepareInput(functionName: string, input: unknown, nowMs: number, text?: string): PreparedInput {
  if (!isJsonObject(input)) return { input };
  const isBatch = Array.isArray(ownMember(input, 'Records'));
  const own = ownInputs[functionName];
  if (own !== undefined && (isBatch || isEvent(input) || isEnvelope(input))) {
    return {
      input: own,
      remark: `${functionName} takes no events. It gets its own input instead: ${JSON.stringify(own)}`,
    };
  }
  if (functionName === 'deliver' && isBatch) {
    const [first] = eventsIn(input);
    return {
      input: first ?? input,
      remark: 'deliver takes one event. It gets the body of the first message of the batch.',
    };
  }
  if (functionName !== 'deliver-queued') return { input };
  if (isBatch) return { input: sentNow(input, nowMs), remark: 'The messages of the batch count as sent now.' };
  return {
    input: {
      Records: [{ messageId: 'invoke-local', receiptHandle: 'invoke-local', body: text ?? JSON.stringify(input) }],
    },
    remark: 'deliver-queued takes batches of queue messages. The input is the body of one message.',
  };
}

/** A batch that was recorded long ago would only expire. */
function sentNow(batch: JsonObject, nowMs: number): JsonObject {
  const now = String(nowMs);
  const times = { SentTimestamp: now, ApproximateFirstReceiveTimestamp: now };
  const records = ownMember(batch, 'Records');
  if (!Array.isArray(records)) return batch;
  const renewed = records.map((record: JsonValue) => {
    const attributes = isJsonObject(record) ? ownMember(record, 'attributes') : undefined;
    return isJsonObject(record) && isJsonObject(attributes)
      ? { ...record, attributes: { ...attributes, ...times } }
      : record;
  });
  return { ...batch, Records: renewed };
}

function isEvent(input: JsonObject): boolean {
  return Object.hasOwn(input, 'detail-type') && Object.hasOwn(input, 'source');
}

function isEnvelope(input: JsonObject): boolean {
  return Object.hasOwn(input, 'apiDestination') && Object.hasOwn(input, 'event');
}

/** An API destination that an input names, and the number of path parameters in its events. */
export interface NamedDestination {
  readonly name: string;
  readonly pathParameters: number;
}

export interface Destinations {
  readonly named: readonly NamedDestination[];
  /** Whether an event names no API destination. */
  readonly hasBareEvent: boolean;
}

/** The API destinations of the events in an input of `deliver` or `deliver-queued`. */
export function destinationsIn(input: unknown): Destinations {
  const named = new Map<string, number>();
  let hasBareEvent = false;
  for (const event of eventsIn(input)) {
    if (!isEnvelope(event)) {
      hasBareEvent = true;
      continue;
    }
    const name = ownMember(event, 'apiDestination');
    if (typeof name !== 'string' || !isApiDestination(name) || name.startsWith('arn:')) continue;
    named.set(name, Math.max(named.get(name) ?? 0, pathParametersOf(event)));
  }
  return { named: [...named].map(([name, pathParameters]) => ({ name, pathParameters })), hasBareEvent };
}

function eventsIn(input: unknown): readonly JsonObject[] {
  if (!isJsonObject(input)) return [];
  const records = ownMember(input, 'Records');
  if (!Array.isArray(records)) return [input];
  return records.flatMap((record: JsonValue) => {
    const body = isJsonObject(record) ? ownMember(record, 'body') : undefined;
    const event = typeof body === 'string' ? parseJson(body) : undefined;
    return isJsonObject(event) ? [event] : [];
  });
}

function pathParametersOf(envelope: JsonObject): number {
  const target = ownMember(envelope, 'target');
  const parameters = isJsonObject(target) ? ownMember(target, 'HttpParameters') : undefined;
  const values = isJsonObject(parameters) ? ownMember(parameters, 'PathParameterValues') : undefined;
  return Array.isArray(values) ? values.length : 0;
}
