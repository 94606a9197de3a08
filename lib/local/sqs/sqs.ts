import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { QueueMessage } from '../../core/message/queue-message.ts';
import { type EventSourceQueue, openFauxqs, type SqsEngine, type SqsMembers, SqsRefusal } from './fauxqs.ts';
import { PerRegion } from '../stack/per-region.ts';
import { checkMembers, checkMessage, checkQueueName } from './limits.ts';
import { checkRedrivePolicy, createStackQueues, type StackQueues } from './queues.ts';
import { fromFauxqs, isMembers, type QueueNaming, queueUrl, toFauxqs } from './names.ts';
import { digestOf, withAskedAttributes } from './receive.ts';
import { parseQueryCall } from './query.ts';
import { askForTraceHeader, keepTraceHeader, traceAttribute } from './trace-header.ts';
import { xmlAnswer, xmlRefusal } from './xml.ts';
import {
  awsJsonAnswer,
  awsJsonRefusal,
  type LocalAnswer,
  type LocalRequest,
  type LocalService,
} from '../stack/wire.ts';

export interface SqsOptions {
  readonly account: string;
  /** Undefined: the messages are kept in memory. */
  readonly dataFolder: string | undefined;
  /** The `host:port` in queue URLs for a client that sends no valid Host header. */
  readonly host: () => string;
  readonly queues: StackQueues;
  /** Called once for each region, at its first use. */
  readonly opened?: (region: string, queues: RegionQueues) => void;
}

/** The queues of one region, for the stack's own use. */
export interface RegionQueues {
  urlOf(queueName: string): string;
  /** @throws SqsRefusal */
  perform(operation: string, input: SqsMembers): Promise<SqsMembers>;
  /** @param more further members of SendMessage */
  send(queueName: string, message: QueueMessage, more?: SqsMembers): Promise<void>;
  eventSourceQueue(queueName: string): EventSourceQueue;
  /** Makes every waiting long poll return at once. */
  endWaits(): void;
}

export interface SqsService {
  readonly serve: LocalService;
  inRegion(region: string): Promise<RegionQueues>;
  /** The sum of `urgentIn` of the queues of that name, in all regions that are in use. */
  urgentIn(queueName: string): number;
  /** The number of messages in the queues of that name, in all regions that are in use. */
  messagesIn(queueName: string): Promise<number>;
  /** Opens the regions that an earlier process used. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** SQS in both of its protocols, implemented with fauxqs. */
export function createSqsService(options: SqsOptions): SqsService {
  const { account, dataFolder, host, queues } = options;
  const open: SqsEngine[] = [];
  const engines = new PerRegion(async (region) => {
    const folder = dataFolder === undefined ? undefined : join(dataFolder, region);
    const engine = await openFauxqs(region, { folder, unread: [queues.deliveries, queues.orderedDeliveries] });
    await createStackQueues(engine, region, queues);
    open.push(engine);
    const own = regionQueues(engine, { account, region, host: host() });
    options.opened?.(region, own);
    return { engine, own };
  });
  const call = async (operation: string, input: SqsMembers, request: LocalRequest): Promise<SqsMembers> => {
    const cameBy = /^[A-Za-z0-9.:[\]-]{1,260}$/.test(request.host) ? request.host : host();
    const { engine } = await engines.get(request.region);
    return performCall(engine, operation, checkMembers(input), { account, region: request.region, host: cameBy });
  };
  return {
    serve: (request) => (request.headers['x-amz-target'] === undefined ? serveQuery : serveJson)(request, call),
    inRegion: async (region) => (await engines.get(region)).own,
    urgentIn: (queueName) => open.reduce((sum, engine) => sum + engine.urgentIn(queueName), 0),
    async messagesIn(queueName) {
      const regions = await engines.opened();
      const counts = await Promise.all(regions.map(({ own }) => countMessages(own, queueName)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async resume() {
      const regions = dataFolder !== undefined && existsSync(dataFolder) ? readdirSync(dataFolder) : [];
      await Promise.all(regions.map((region) => engines.get(region)));
    },
    close: () => engines.close(({ engine }) => engine.close()),
  };
}

const counted = ['', 'NotVisible', 'Delayed'].map((state) => `ApproximateNumberOfMessages${state}`);

async function countMessages(own: RegionQueues, queueName: string): Promise<number> {
  const asked = { QueueUrl: own.urlOf(queueName), AttributeNames: counted };
  const { Attributes } = await own.perform('GetQueueAttributes', asked);
  return counted.reduce((sum, name) => sum + Number(isMembers(Attributes) ? (Attributes[name] ?? 0) : 0), 0);
}

function regionQueues(engine: SqsEngine, naming: QueueNaming): RegionQueues {
  const urlOf = (queueName: string): string => queueUrl(naming, queueName);
  const perform = (operation: string, input: SqsMembers) => performCall(engine, operation, input, naming);
  return {
    urlOf,
    perform,
    async send(queueName, { body, attributes, traceHeader }, more = {}) {
      const texts = Object.entries(attributes).map(([name, value]) => [
        name,
        { DataType: 'String', StringValue: value },
      ]);
      const message = { MessageBody: body, MessageAttributes: Object.fromEntries(texts) as SqsMembers };
      await perform('SendMessage', { ...more, QueueUrl: urlOf(queueName), ...message, ...traceAttribute(traceHeader) });
    },
    eventSourceQueue(queueName) {
      const queue = engine.eventSourceQueue(queueName);
      return {
        ...queue,
        receive(input, isWithheld) {
          const receiving = { perform: (_operation: string, mapped: SqsMembers) => queue.receive(mapped, isWithheld) };
          return performCall(receiving, 'ReceiveMessage', input, naming);
        },
      };
    },
    endWaits: () => engine.endWaits(),
  };
}

type Call = (operation: string, input: SqsMembers, request: LocalRequest) => Promise<SqsMembers>;

async function serveJson(request: LocalRequest, call: Call): Promise<LocalAnswer> {
  try {
    const operation = (request.headers['x-amz-target'] ?? '').replace(/^AmazonSQS\./, '');
    return awsJsonAnswer(await call(operation, parseJson(request.body), request), '1.0');
  } catch (error) {
    if (!(error instanceof SqsRefusal)) throw error;
    const answer = awsJsonRefusal(error, '1.0');
    return { ...answer, headers: { ...answer.headers, 'x-amzn-query-error': `${error.queryCode};Sender` } };
  }
}

async function serveQuery(request: LocalRequest, call: Call): Promise<LocalAnswer> {
  try {
    const form = request.method === 'GET' ? request.query : request.body.toString();
    const { operation, input } = parseQueryCall(form, request.path);
    return xmlAnswer(operation, await call(operation, input, request));
  } catch (error) {
    if (!(error instanceof SqsRefusal)) throw error;
    return xmlRefusal(error);
  }
}

function parseJson(body: Buffer): SqsMembers {
  let input: unknown;
  try {
    input = body.length === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw new SqsRefusal('SerializationException', 'The request body is not valid JSON.');
  }
  if (!isMembers(input)) throw new SqsRefusal('SerializationException', 'The request body must be a JSON object.');
  return input;
}

async function performCall(
  engine: Pick<SqsEngine, 'perform'>,
  operation: string,
  input: SqsMembers,
  naming: QueueNaming,
): Promise<SqsMembers> {
  if (operation === 'CreateQueue') checkQueueName(input);
  if (operation === 'SendMessage') checkMessage(input);
  await checkRedrivePolicy(engine, input, naming);
  const mapped = toFauxqs(input, naming);
  if (operation === 'SendMessageBatch') return sendBatch(engine, mapped);
  if (operation === 'SendMessage') return withDigest(await engine.perform(operation, keepTraceHeader(mapped)), input);
  if (operation !== 'ReceiveMessage') return fromFauxqs(await engine.perform(operation, mapped), naming);
  const output = await engine.perform(operation, askForTraceHeader(mapped));
  return fromFauxqs(withAskedAttributes(output, input), naming);
}

/** The answer to a message with a kept trace header, with the digest of only the attributes that the client sent. Clients compare it. */
function withDigest(answer: SqsMembers, message: SqsMembers | undefined): SqsMembers {
  if (message?.['MessageSystemAttributes'] === undefined) return answer;
  const attributes = message['MessageAttributes'];
  const { MD5OfMessageAttributes: _digest, ...rest } = answer;
  if (!isMembers(attributes) || Object.keys(attributes).length === 0) return rest;
  return { ...rest, MD5OfMessageAttributes: digestOf(attributes as Record<string, SqsMembers>) };
}

/** An invalid entry fails alone; the other entries of its batch are sent. */
async function sendBatch(engine: Pick<SqsEngine, 'perform'>, input: SqsMembers): Promise<SqsMembers> {
  const entries = (input['Entries'] ?? []) as readonly SqsMembers[];
  const failed: SqsMembers[] = [];
  const accepted = entries.filter((entry) => {
    try {
      checkMessage(entry);
      return true;
    } catch (error) {
      if (!(error instanceof SqsRefusal)) throw error;
      failed.push({ Id: entry['Id'], SenderFault: true, Code: error.code, Message: error.message });
      return false;
    }
  });
  if (failed.length > 0 && accepted.length === 0) return { Successful: [], Failed: failed };
  const output = await engine.perform('SendMessageBatch', { ...input, Entries: accepted.map(keepTraceHeader) });
  const sent = new Map(accepted.map((entry) => [entry['Id'], entry]));
  const successful = ((output['Successful'] ?? []) as readonly SqsMembers[]).map((answer) =>
    withDigest(answer, sent.get(answer['Id'])),
  );
  return {
    ...output,
    Successful: successful,
    Failed: [...failed, ...((output['Failed'] ?? []) as readonly SqsMembers[])],
  };
}
