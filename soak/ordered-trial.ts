import { CreateApiDestinationCommand, CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { pause, readyClients } from './load.ts';
import type { GroupedEvent, OrderedEndpoint, Times } from './ordered-endpoint.ts';
import { startOrderedEndpoint, stuckGroup, timesOf } from './ordered-endpoint.ts';
import type { StackClients } from './stack.ts';
import { KillableStack } from './stack.ts';

export interface OrderedTrialOptions {
  readonly seed: number;
  readonly groups: number;
  readonly eventsPerGroup: number;
  /** How often the stack is killed (-9), at equal parts of the arrivals. */
  readonly kills: number;
  /** How many events without order are sent before the ordered ones, to compare their times. */
  readonly plainAlone: number;
  /** The pause between two events without order. */
  readonly plainEveryMs: number;
  /** A new or empty folder; the caller removes it. */
  readonly dataDir: string;
  /** How long everything may take. */
  readonly limitMs: number;
  readonly aborting: AbortSignal;
}

export interface OrderedTrialResult {
  /** What went wrong, one text each. */
  readonly faults: readonly string[];
  readonly arrived: number;
  readonly repeats: number;
  readonly failures: number;
  readonly kills: number;
  /** From the first event sent to the last arrival of an ordered event. */
  readonly durationMs: number;
  /** The times of the events without order that were sent before the ordered ones, and meanwhile. */
  readonly plain: { readonly alone: Times | undefined; readonly meanwhile: Times | undefined };
  readonly errors: readonly string[];
}

/** The largest array that a subscriber of a Custom Event Bus sends. Source: EventBridge user guide. */
const eventsPerArray = 500;
const messagesPerBatch = 10;
const retryMs = 100;

/** One local stack that is killed while it delivers ordered events to an endpoint that often fails. */
export async function runOrderedTrial(options: OrderedTrialOptions): Promise<OrderedTrialResult> {
  const { seed, groups, eventsPerGroup, kills, plainAlone, plainEveryMs, dataDir, limitMs, aborting } = options;
  const over = AbortSignal.any([aborting, AbortSignal.timeout(limitMs)]);
  let wake = (): void => undefined;
  const endpoint = await startOrderedEndpoint(seed, () => wake());
  const stack = new KillableStack(dataDir, false);
  const names = Array.from({ length: groups }, (_, index) => `group-${index}`);
  const arrived = (): number => names.reduce((sum, name) => sum + (endpoint.groups.get(name)?.arrived ?? 0), 0);
  const expected = groups * eventsPerGroup;

  /** Resolves when the condition holds after an arrival, or when the time is over. */
  async function until(isEnough: () => boolean): Promise<void> {
    while (!isEnough() && !over.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      over.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
  }

  try {
    await createDestinations(await stack.clients(), endpoint.origin);
    const sent = new AbortController();
    const plainSentAtMs: number[] = [];
    const plain = sendPlain(stack, plainSentAtMs, plainEveryMs, AbortSignal.any([over, sent.signal]));
    await until(() => endpoint.plainAtMs.size >= plainAlone);
    const beganAtMs = performance.now();
    const half = Math.ceil(groups / 2);
    const sending = Promise.all([
      sendThroughDeliver(stack, [stuckGroup, ...names.slice(0, half)], eventsPerGroup, over),
      sendToQueue(stack, names.slice(half), eventsPerGroup, over),
    ]);
    const killedAtMs: number[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      await until(() => arrived() >= (expected * kill) / (kills + 1));
      if (over.aborted) break;
      await stack.kill();
      killedAtMs.push(performance.now());
      await readyClients(stack);
    }
    await sending;
    await until(() => arrived() >= expected);
    const durationMs = performance.now() - beganAtMs;
    sent.abort();
    await plain;
    await until(() => plainSentAtMs.every((_, index) => endpoint.plainAtMs.has(index + 1)));
    return {
      faults: faultsOf(options, names, endpoint, plainSentAtMs.length),
      arrived: arrived(),
      repeats: names.reduce((sum, name) => sum + (endpoint.groups.get(name)?.repeats ?? 0), 0),
      failures: endpoint.failures,
      kills: killedAtMs.length,
      durationMs,
      plain: plainTimes(plainSentAtMs, endpoint, killedAtMs, plainAlone),
      errors: stack.errors(),
    };
  } finally {
    await stack.kill();
    await endpoint.close();
  }
}

async function createDestinations({ url, events }: StackClients, origin: string): Promise<void> {
  const connection = {
    Name: 'soak',
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-soak', ApiKeyValue: 'key' } },
  } as const;
  const { ConnectionArn } = await events.send(new CreateConnectionCommand(connection));
  for (const Name of ['ordered', 'plain']) {
    const destination = { Name, ConnectionArn, HttpMethod: 'POST', InvocationEndpoint: `${origin}/${Name}` } as const;
    await events.send(new CreateApiDestinationCommand(destination));
  }
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Lastmile.PutDeliveryPolicy' },
    body: JSON.stringify({ ApiDestinationName: 'ordered', Order: 'PER_GROUP', OrderGroupPath: '$.group' }),
  });
  if (!response.ok) throw new Error(`PutDeliveryPolicy: ${await response.text()}`);
}

const envelope = (apiDestination: string, event: object): object => ({ apiDestination, event });

/** Calls until the stack has accepted it. A kill may leave it half done, so events may be sent twice, but in the same order. */
async function accepted(
  stack: KillableStack,
  over: AbortSignal,
  call: (clients: StackClients) => Promise<unknown>,
): Promise<void> {
  while (!over.aborted) {
    try {
      await call(await readyClients(stack));
      return;
    } catch {
      await pause(retryMs, over);
    }
  }
}

/** The events of all groups in turn, as a bus with many senders brings them. */
function inTurn(groups: readonly string[], eventsPerGroup: number): readonly GroupedEvent[] {
  return Array.from({ length: eventsPerGroup }, (_, index) =>
    groups.map((group) => ({ group, number: index + 1 })),
  ).flat();
}

/** Sends arrays to `deliver`, one after another. The delivery policy asks for the order. */
async function sendThroughDeliver(
  stack: KillableStack,
  groups: readonly string[],
  eventsPerGroup: number,
  over: AbortSignal,
): Promise<void> {
  const events = inTurn(groups, eventsPerGroup).map((event) => envelope('ordered', event));
  for (let from = 0; from < events.length; from += eventsPerArray) {
    const Payload = JSON.stringify(events.slice(from, from + eventsPerArray));
    await accepted(stack, over, async ({ lambda }) => {
      const { FunctionError, Payload: answer } = await lambda.send(
        new InvokeCommand({ FunctionName: 'deliver', Payload }),
      );
      if (FunctionError !== undefined) throw new Error(Buffer.from(answer ?? []).toString());
    });
  }
}

/** Sends messages to the FIFO queue, as a subscriber of a Custom Event Bus does. */
async function sendToQueue(
  stack: KillableStack,
  groups: readonly string[],
  eventsPerGroup: number,
  over: AbortSignal,
): Promise<void> {
  const events = inTurn(groups, eventsPerGroup);
  for (let from = 0; from < events.length; from += messagesPerBatch) {
    const Entries = events.slice(from, from + messagesPerBatch).map((event, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify(envelope('ordered', event)),
      MessageGroupId: event.group,
    }));
    await accepted(stack, over, async ({ sqs, queueUrl }) => {
      const batch = { QueueUrl: queueUrl('ordered-deliveries.fifo'), Entries };
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand(batch));
      if (Failed.length > 0) throw new Error(`The queue refused ${Failed.length} messages.`);
    });
  }
}

/** Sends events without order to another API destination, and notes when each was accepted. */
async function sendPlain(stack: KillableStack, sentAtMs: number[], everyMs: number, over: AbortSignal): Promise<void> {
  const never = new AbortController().signal;
  while (!over.aborted) {
    const MessageBody = JSON.stringify(envelope('plain', { group: 'plain', number: sentAtMs.length + 1 }));
    await accepted(stack, never, ({ sqs, queueUrl }) =>
      sqs.send(new SendMessageCommand({ QueueUrl: queueUrl('deliveries'), MessageBody, MessageGroupId: 'plain' })),
    );
    sentAtMs.push(performance.now());
    await pause(everyMs, over);
  }
}

function faultsOf(
  { eventsPerGroup }: OrderedTrialOptions,
  names: readonly string[],
  { groups, plainAtMs }: OrderedEndpoint,
  plainSent: number,
): readonly string[] {
  const ofGroups = [stuckGroup, ...names].flatMap((name) => {
    const { arrived = 0, tooEarly = [] } = groups.get(name) ?? {};
    const expected = name === stuckGroup ? 0 : eventsPerGroup;
    return [
      ...(tooEarly.length > 0 ? [`${name}: events ${tooEarly.join(', ')} came before the event in front of them`] : []),
      ...(arrived === expected ? [] : [`${name}: ${arrived} of ${expected} events arrived in order`]),
    ];
  });
  const stuckRequests = groups.get(stuckGroup)?.requests ?? 0;
  return [
    ...ofGroups,
    ...(stuckRequests > 1
      ? []
      : [`${stuckGroup}: its first event was sent ${stuckRequests} times, and not again and again`]),
    ...(plainAtMs.size === plainSent ? [] : [`${plainAtMs.size} of ${plainSent} events without order arrived`]),
  ];
}

function plainTimes(
  sentAtMs: readonly number[],
  { plainAtMs }: OrderedEndpoint,
  killedAtMs: readonly number[],
  alone: number,
): OrderedTrialResult['plain'] {
  const took = sentAtMs.map((atMs, index) => {
    const arrivedAtMs = plainAtMs.get(index + 1) ?? Number.POSITIVE_INFINITY;
    const wasKilled = killedAtMs.some((killed) => killed >= atMs && killed <= arrivedAtMs);
    return wasKilled ? undefined : Math.max(0, arrivedAtMs - atMs);
  });
  return { alone: timesOf(took.slice(0, alone)), meanwhile: timesOf(took.slice(alone)) };
}
