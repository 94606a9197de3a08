/**
 * What the setting of the rate costs events that come alone, and a burst. One stack with the functions in its process gets asynchronous
 * invocations of `deliver` for destinations that differ only in their rate. To run it alone: `node bench/rate/settings.ts`.
 */
import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { BenchProcess } from '../bench-process.ts';
import { startBenchProcess } from '../bench-process.ts';
import { surroundings } from '../bench-stack.ts';
import type { Figure } from '../figure.ts';
import { printFigure, printTable } from '../figure.ts';
import { quantile } from '../peers/balance.ts';
import type { Measured } from '../rounds.ts';
import { inLanes, median, medianOf, medianRatio } from '../rounds.ts';
import type { Received } from './receiver.ts';

/** A rate, or none. */
type Setting = number | 'NONE';
const settings: readonly Setting[] = [300, 1000, 2000, 10_000, 100_000, 'NONE'];
const reference = 300;

const goal = 4;

/** Events that come alone: this many in a round, with this time from one to the next. */
const singles = 50;
const gapMs = 20;
const rounds = 3;

const burst = 500;
const burstRounds = 3;
const invocationsUnderWay = 50;

/** What a burst may take, beside the time of the processor: the time that its rate needs, times this. */
const mostTimes = 1.3;

const arrivalLimitMs = 30_000;

const nowMs = () => performance.timeOrigin + performance.now();

export async function* measureSettings(): AsyncGenerator<Figure> {
  const side = await SettingsSide.start();
  try {
    yield* measureSingles(side);
    for (const setting of settings) yield* measureBursts(side, setting);
  } finally {
    await side.stop();
  }
}

interface Rounds {
  readonly latenciesMs: number[][];
  readonly cpuUs: number[];
}

async function* measureSingles(side: SettingsSide): AsyncGenerator<Figure> {
  const measured = new Map(settings.map((setting): [Setting, Rounds] => [setting, { latenciesMs: [], cpuUs: [] }]));
  for (const setting of settings) {
    await side.create(nameOf('single', setting), setting);
    await side.singles(nameOf('single', setting));
  }
  const order = [...settings];
  for (let round = 0; round < rounds; round += 1) {
    for (const setting of order) {
      const { latenciesMs, cpuUs } = await side.singles(nameOf('single', setting));
      measured.get(setting)?.latenciesMs.push([...latenciesMs]);
      measured.get(setting)?.cpuUs.push(cpuUs);
    }
    order.reverse();
  }
  const usual = measured.get(reference);
  for (const [setting, { latenciesMs, cpuUs }] of measured) {
    const of = `single events, ${textOf(setting)}`;
    const medians = latenciesMs.map(median);
    yield { goal, name: `${of}: ms until one arrives, median`, ...medianOf(medians), target: '-' };
    yield { goal, name: `${of}: ms until one arrives, p99`, value: quantile(latenciesMs.flat(), 0.99), target: '-' };
    yield { goal, name: `${of}: CPU us of the stack for each`, ...medianOf(cpuUs), target: '-' };
    if (setting === reference || usual === undefined) continue;
    const times = medianRatio(medians, usual.latenciesMs.map(median));
    yield { goal, name: `${of}: median divided by that at ${reference}/s`, ...atMostOne(times) };
    yield { goal, name: `${of}: CPU divided by that at ${reference}/s`, ...atMostOne(medianRatio(cpuUs, usual.cpuUs)) };
  }
}

async function* measureBursts(side: SettingsSide, setting: Setting): AsyncGenerator<Figure> {
  const bursts: { readonly lastMs: number; readonly cpuMs: number }[] = [];
  for (let round = 0; round < burstRounds; round += 1) {
    const name = nameOf(`burst-${round}`, setting);
    await side.create(name, setting);
    bursts.push(await side.burst(name));
  }
  const allowedMs = setting === 'NONE' ? 0 : (burst * 1000) / setting;
  const of = `cold burst of ${burst} events, ${textOf(setting)}`;
  yield {
    goal,
    name: `${of}: ms until the last arrives`,
    ...medianOf(bursts.map(({ lastMs }) => lastMs)),
    target: '-',
  };
  yield { goal, name: `${of}: CPU ms of the stack`, ...medianOf(bursts.map(({ cpuMs }) => cpuMs)), target: '-' };
  const parts = medianOf(bursts.map(({ lastMs, cpuMs }) => lastMs / (mostTimes * allowedMs + cpuMs)));
  yield { goal, name: `${of}: divided by ${mostTimes} times what the rate allows, plus the CPU`, ...atMostOne(parts) };
}

/** A busy machine distorts ratios of so few events, so a miss does not fail the bench. */
function atMostOne(measured: Measured): Measured & { readonly target: string } {
  return { ...measured, target: '<= 1' };
}

const nameOf = (what: string, setting: Setting) => `${what}-${setting}`;
const textOf = (setting: Setting) => (setting === 'NONE' ? 'no rate limit' : `${setting}/s`);

class SettingsSide {
  readonly #stack: BenchProcess;
  readonly #receiver: BenchProcess;
  readonly #pool: Pool;
  readonly #events: EventBridgeClient;
  readonly #origin: string;
  #connectionArn: string | undefined;
  #numbered = 0;

  private constructor(stack: BenchProcess, url: string, receiver: BenchProcess, port: string) {
    this.#stack = stack;
    this.#receiver = receiver;
    this.#pool = new Pool(url, { connections: invocationsUnderWay });
    this.#events = new EventBridgeClient(surroundings(url).aws);
    this.#origin = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<SettingsSide> {
    const stack = startBenchProcess('bus/stack-process.ts');
    const receiver = startBenchProcess('rate/receiver.ts');
    const [url, port] = await Promise.all([stack.ask(), receiver.ask()]);
    return new SettingsSide(stack, String(url), receiver, String(port));
  }

  async create(Name: string, setting: Setting): Promise<void> {
    this.#connectionArn ??= (
      await this.#events.send(
        new CreateConnectionCommand({
          Name: 'settings',
          AuthorizationType: 'API_KEY',
          AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
        }),
      )
    ).ConnectionArn;
    const InvocationEndpoint = `${this.#origin}/${Name}`;
    const InvocationRateLimitPerSecond = setting === 'NONE' ? reference : setting;
    const destination = { Name, InvocationEndpoint, InvocationRateLimitPerSecond, HttpMethod: 'POST' } as const;
    await this.#events.send(new CreateApiDestinationCommand({ ...destination, ConnectionArn: this.#connectionArn }));
    if (setting === 'NONE') await this.#removeLimit(Name);
  }

  async #removeLimit(ApiDestinationName: string): Promise<void> {
    const { statusCode, body } = await this.#pool.request({
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Lastmile.PutDeliveryPolicy',
        authorization: authorizationFor('events'),
      },
      body: JSON.stringify({ ApiDestinationName, InvocationRateLimit: 'NONE' }),
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`PutDeliveryPolicy answered ${statusCode} ${text}.`);
  }

  async #invoke(apiDestination: string): Promise<readonly [number, number]> {
    const number = (this.#numbered += 1);
    const sentMs = nowMs();
    const { statusCode, body } = await this.#pool.request({
      method: 'POST',
      path: '/2015-03-31/functions/deliver/invocations',
      headers: { 'x-amz-invocation-type': 'Event', authorization: authorizationFor('lambda') },
      body: JSON.stringify({ apiDestination, event: { id: `event-${number}`, detail: { number } } }),
    });
    const text = await body.text();
    if (statusCode !== 202) throw new Error(`Invoke answered ${statusCode} ${text}.`);
    return [number, sentMs];
  }

  /** @returns for each event, the ms from its invocation to its arrival */
  async singles(name: string): Promise<{ readonly latenciesMs: readonly number[]; readonly cpuUs: number }> {
    const cpuMs = await this.#cpuMs();
    const sent = new Map<number, number>();
    for (let event = 0; event < singles; event += 1) {
      const [, { 0: number, 1: sentMs }] = await Promise.all([delay(gapMs), this.#invoke(name)]);
      sent.set(number, sentMs);
    }
    const arrived = await this.#arrivals(name, sent);
    const cpuUs = (((await this.#cpuMs()) - cpuMs) * 1000) / singles;
    return { latenciesMs: [...sent].map(([number, sentMs]) => (arrived.get(number) ?? Infinity) - sentMs), cpuUs };
  }

  async burst(name: string): Promise<{ readonly lastMs: number; readonly cpuMs: number }> {
    const cpuMs = await this.#cpuMs();
    const beganMs = nowMs();
    const sent = new Map<number, number>();
    await inLanes(burst, invocationsUnderWay, async () => {
      const [number, sentMs] = await this.#invoke(name);
      sent.set(number, sentMs);
    });
    const arrived = await this.#arrivals(name, sent);
    const lastMs = Math.max(...[...sent.keys()].map((number) => arrived.get(number) ?? Infinity)) - beganMs;
    return { lastMs, cpuMs: (await this.#cpuMs()) - cpuMs };
  }

  async #arrivals(name: string, sent: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, number>> {
    const giveUpMs = nowMs() + arrivalLimitMs;
    for (;;) {
      const { byPath } = (await this.#receiver.ask({})) as Received;
      const { atMs = [], events = [] } = byPath[`/${name}`] ?? {};
      const arrived = new Map(events.map((event, index) => [event, atMs[index] ?? Infinity]));
      if ([...sent.keys()].every((number) => arrived.has(number)) || nowMs() > giveUpMs) return arrived;
      await delay(20);
    }
  }

  async #cpuMs(): Promise<number> {
    return Number(await this.#stack.ask({}));
  }

  async stop(): Promise<void> {
    await this.#pool.destroy();
    this.#events.destroy();
    this.#stack.stop();
    this.#receiver.stop();
  }
}

const authorizationFor = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;

if (import.meta.main) {
  for await (const figure of measureSettings()) printFigure(figure);
  printTable();
}
