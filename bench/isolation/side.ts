import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { BenchProcess } from '../bench-process.ts';
import { startBenchProcess } from '../bench-process.ts';
import { surroundings } from '../bench-stack.ts';
import { entriesPerRequest, lines, putEvents } from '../bus/put-events.ts';
import { inLanes } from '../rounds.ts';
import type { Arrival } from './endpoint-process.ts';

/** One item of the table can handle this rate. It is so high that it delays no measurement for long. */
const ratePerSecond = 2000;

const putsUnderWay = 8;
const arrivalLimitMs = 60_000;
const checkEveryMs = 10;

/** The names of the destinations. The `to` in the detail of an event is the name of its destination. */
export type DestinationName = 'healthy' | 'dead';

const nowMs = () => performance.timeOrigin + performance.now();

/** One side of the comparison: a stack, its endpoints and the events that were put. Stack and endpoints have a process each. */
export class IsolationSide {
  readonly #stack: BenchProcess;
  readonly #endpoint: BenchProcess;
  readonly #url: string;
  readonly #origin: string;
  readonly #pool: Pool;
  readonly #events: EventBridgeClient;
  readonly #sqs: SQSClient;
  readonly #putAtMs = new Map<number, number>();
  #arrivals: Arrival[] = [];
  #numbered = 0;

  private constructor(stack: BenchProcess, url: string, endpoint: BenchProcess, origin: string) {
    this.#stack = stack;
    this.#url = url;
    this.#endpoint = endpoint;
    this.#origin = origin;
    this.#pool = new Pool(url, { connections: putsUnderWay });
    this.#events = new EventBridgeClient(surroundings(url).aws);
    this.#sqs = new SQSClient(surroundings(url).aws);
  }

  static async start(): Promise<IsolationSide> {
    const stack = startBenchProcess('bus/stack-process.ts');
    const endpoint = startBenchProcess('isolation/endpoint-process.ts');
    const [url, port] = await Promise.all([stack.ask(), endpoint.ask()]);
    return new IsolationSide(stack, String(url), endpoint, `http://127.0.0.1:${String(port)}`);
  }

  /** Resets the stack and creates destinations. An endpoint that is given as a path is served by this side's endpoint process. */
  async reset(endpoints: Readonly<Partial<Record<DestinationName, string>>>): Promise<void> {
    const { body } = await this.#pool.request({ method: 'POST', path: '/_lastmile/reset' });
    await body.dump();
    await this.#endpoint.ask({});
    this.#arrivals = [];
    this.#putAtMs.clear();
    for (const [name, endpoint] of Object.entries(endpoints)) await this.#create(name, endpoint);
  }

  async #create(name: string, endpoint: string): Promise<void> {
    const { ConnectionArn } = await this.#events.send(
      new CreateConnectionCommand({
        Name: name,
        AuthorizationType: 'API_KEY',
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
      }),
    );
    const { ApiDestinationArn } = await this.#events.send(
      new CreateApiDestinationCommand({
        Name: name,
        ConnectionArn,
        InvocationEndpoint: endpoint.startsWith('/') ? this.#origin + endpoint : endpoint,
        HttpMethod: 'POST',
        InvocationRateLimitPerSecond: ratePerSecond,
      }),
    );
    const EventPattern = JSON.stringify({ source: ['bench'], detail: { to: [name] } });
    await this.#events.send(new PutRuleCommand({ Name: name, EventPattern }));
    await this.#events.send(new PutTargetsCommand({ Rule: name, Targets: [{ Id: 't', Arn: ApiDestinationArn }] }));
  }

  /** @returns the numbers of the events */
  async put(to: DestinationName, count: number): Promise<readonly number[]> {
    const numbers = Array.from({ length: count }, () => (this.#numbered += 1));
    await inLanes(Math.ceil(count / entriesPerRequest), putsUnderWay, (call) =>
      this.#putTen(to, numbers.slice(call * entriesPerRequest, (call + 1) * entriesPerRequest)),
    );
    return numbers;
  }

  async #putTen(to: DestinationName, numbers: readonly number[]): Promise<void> {
    const Entries = numbers.map((number) => {
      this.#putAtMs.set(number, nowMs());
      return { Source: 'bench', DetailType: 'Order Placed', Detail: JSON.stringify({ number, to, lines }) };
    });
    await putEvents(this.#pool, Entries);
  }

  /**
   * Waits until this part of the events has arrived, but at most a minute.
   *
   * @returns for each event, the time from putting it to its first arrival in ms; undefined if it has not arrived
   */
  async arrivalsOf(numbers: readonly number[], part = 1): Promise<readonly (number | undefined)[]> {
    const giveUpMs = nowMs() + arrivalLimitMs;
    const arrivedAtMs = new Map<number, number>();
    while (nowMs() < giveUpMs) {
      this.#arrivals.push(...((await this.#endpoint.ask({})) as Arrival[]));
      for (const { event, atMs } of this.#arrivals) if (!arrivedAtMs.has(event)) arrivedAtMs.set(event, atMs);
      if (numbers.filter((number) => arrivedAtMs.has(number)).length >= numbers.length * part) break;
      await delay(checkEveryMs);
    }
    return numbers.map((number) => {
      const [putAtMs, atMs] = [this.#putAtMs.get(number), arrivedAtMs.get(number)];
      return putAtMs === undefined || atMs === undefined ? undefined : atMs - putAtMs;
    });
  }

  /**
   * Counts the events that have not arrived and are in no queue. A message that moves from one queue to the other is in both
   * for a moment, and then the count misses a lost event. So the largest of several counts is returned.
   */
  async lostOf(numbers: readonly number[]): Promise<number> {
    const counts: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const queued = (await this.#queued('deliveries')) + (await this.#queued('dead-letters'));
      this.#arrivals.push(...((await this.#endpoint.ask({})) as Arrival[]));
      const arrived = new Set(this.#arrivals.map(({ event }) => event));
      counts.push(numbers.length - queued - numbers.filter((number) => arrived.has(number)).length);
      await delay(100);
    }
    return Math.max(0, ...counts);
  }

  async #queued(queue: 'deliveries' | 'dead-letters'): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: `${this.#url}/123456789012/lastmile-local-${queue}`,
        AttributeNames: [...queueCounts],
      }),
    );
    return queueCounts.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  }

  async cpuMs(): Promise<number> {
    return Number(await this.#stack.ask({}));
  }

  async stop(): Promise<void> {
    await this.#pool.destroy();
    this.#events.destroy();
    this.#sqs.destroy();
    this.#stack.stop();
    this.#endpoint.stop();
  }
}

const queueCounts = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;
