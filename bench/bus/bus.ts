/** Measures the local bus from PutEvents to the endpoint, with a hundred rules, and with one and ten thousand rules. */
import {
  CreateEventBusCommand,
  DescribeApiDestinationCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import type { AwsClientConfig } from '../../lib/adapters/aws/clients.ts';
import { startBenchProcess, type BenchProcess } from '../bench-process.ts';
import { createBenchDestination, surroundings } from '../bench-stack.ts';
import { benchName } from '../events.ts';
import { entriesPerRequest, lines, putEvents } from './put-events.ts';
import type { Figure } from '../figure.ts';
import { quantile } from '../peers/balance.ts';
import { inLanes } from '../rounds.ts';

const rules = 100;

/** The events of this bench match these rules in turn, and no other. They are spread over all rules. */
const matchedRules = 100;

/** A quota of EventBridge, which the stack has too. More rules need more buses. */
const rulesPerBus = 300;

const busOf = (rule: number): string => `${benchName}-${Math.floor(rule / rulesPerBus)}`;

/** How many rules lie between two that events match. */
const distanceOf = (ruleCount: number): number => Math.max(1, Math.floor(ruleCount / matchedRules));
const eventsPerSecond = 1000;
const measuredSeconds = 10;
const warmUpEvents = 3000;
const saturatingEvents = 10_000;

/** The most events in flight while the bus is kept as busy as possible. */
const maxUnderWay = 500;

export async function measureBus(): Promise<Figure[]> {
  return onStack(rules, async (stack, sender) => {
    const paced = await measured(stack, sender, () => pace(sender));
    const busy = await measured(stack, sender, () => saturate(sender, saturatingEvents));
    return figures(paced, busy);
  });
}

/** Measures at the same rate with one rule and with ten thousand. */
export async function measureManyRules(): Promise<Figure[]> {
  const goal = 12;
  const paced = async (count: number): Promise<readonly [answered: number, arrived: number, cpuUs: number]> =>
    onStack(count, async (stack, sender) => {
      const { answersMs, latenciesMs, perCpuSecond } = await measured(stack, sender, () => pace(sender));
      return [quantile(answersMs, 0.99), quantile(latenciesMs, 0.99), 1e6 / perCpuSecond];
    });
  const [one, many] = [await paced(1), await paced(10_000)];
  const at = `at ${eventsPerSecond} events a second`;
  return [
    { goal, name: `PutEvents, ms until its answer, p99, ${at}, 10000 rules`, value: many[0], target: '<= 20' },
    { goal, name: `PutEvents, ms until its answer, p99, ${at}, 1 rule`, value: one[0], target: 'a comparison' },
    { goal, name: `PutEvents, answer p99, in times of one rule`, value: many[0] / one[0], target: 'a comparison' },
    { goal, name: `ms from PutEvents to arrival, p99, ${at}, 10000 rules`, value: many[1], target: 'a comparison' },
    { goal, name: `ms from PutEvents to arrival, p99, ${at}, 1 rule`, value: one[1], target: 'a comparison' },
    { goal, name: 'processor time of the stack, us an event, 10000 rules', value: many[2], target: 'a comparison' },
    { goal, name: 'processor time of the stack, us an event, 1 rule', value: one[2], target: 'a comparison' },
  ];
}

async function onStack<Result>(
  ruleCount: number,
  measure: (stack: BenchProcess, sender: Sender) => Promise<Result>,
): Promise<Result> {
  const arrivals = await startArrivals();
  const stack = startBenchProcess('bus/stack-process.ts');
  const url = String(await stack.ask());
  const pool = new Pool(url, { connections: 8 });
  try {
    await createRules(surroundings(url).aws, arrivals.origin, ruleCount);
    const sender = { pool, arrivals, shops: Math.min(ruleCount, matchedRules), distance: distanceOf(ruleCount) };
    await saturate(sender, warmUpEvents);
    return await measure(stack, sender);
  } finally {
    await pool.destroy();
    stack.stop();
    arrivals.server.closeAllConnections();
    arrivals.server.close();
  }
}

interface Arrivals {
  readonly origin: string;
  readonly server: Server;
  /** The time at which each event was put, by the event's id. */
  readonly putAtMs: Map<number, number>;
  /** Latencies of the events that arrived after the list was last emptied. */
  latenciesMs: number[];
  /** Times of the calls of PutEvents until their answers. */
  answersMs: number[];
  /** Resolves when the next event arrives. */
  next(): Promise<void>;
}

async function startArrivals(): Promise<Arrivals> {
  let waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (text: string) => void (body += text));
    request.on('end', () => {
      const number = Number(/"number":(\d+)/.exec(body)?.[1]);
      const putAtMs = arrivals.putAtMs.get(number);
      if (putAtMs !== undefined) arrivals.latenciesMs.push(performance.now() - putAtMs);
      arrivals.putAtMs.delete(number);
      response.end();
      for (const wake of waiting.splice(0)) wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrivals: Arrivals = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    putAtMs: new Map(),
    latenciesMs: [],
    answersMs: [],
    next: () => new Promise((resolve) => void (waiting = [...waiting, resolve])),
  };
  return arrivals;
}

/** Creates buses, rules and a destination. Only one rule matches each event of this bench. */
async function createRules(aws: AwsClientConfig, origin: string, ruleCount: number): Promise<void> {
  await createBenchDestination(aws, `${origin}/orders`, {
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'bench-key' } },
  });
  const events = new EventBridgeClient(aws);
  const { ApiDestinationArn } = await events.send(new DescribeApiDestinationCommand({ Name: benchName }));
  for (let rule = 0; rule < ruleCount; rule += rulesPerBus) {
    await events.send(new CreateEventBusCommand({ Name: busOf(rule) }));
  }
  const distance = distanceOf(ruleCount);
  await inLanes(ruleCount, 10, async (rule) => {
    const Name = `rule-${rule}`;
    const EventBusName = busOf(rule);
    const pattern = {
      source: ['com.example.shop'],
      detail: { shop: [`shop-${rule}`], total: [{ numeric: ['>', 100] }] },
    };
    await events.send(new PutRuleCommand({ Name, EventBusName, EventPattern: JSON.stringify(pattern) }));
    if (rule % distance !== 0 || rule >= matchedRules * distance) return;
    await events.send(
      new PutTargetsCommand({ Rule: Name, EventBusName, Targets: [{ Id: 't', Arn: ApiDestinationArn }] }),
    );
  });
  events.destroy();
}

interface Sender {
  readonly pool: Pool;
  readonly arrivals: Arrivals;
  /** The events are of this many shops in turn, each with a rule of its own. */
  readonly shops: number;
  /** The number of shops from one with events to the next. */
  readonly distance: number;
}

let numbered = 0;

async function put({ pool, arrivals, shops, distance }: Sender): Promise<void> {
  const Entries = Array.from({ length: entriesPerRequest }, () => {
    numbered += 1;
    arrivals.putAtMs.set(numbered, performance.now());
    const rule = (numbered % shops) * distance;
    const detail = { number: numbered, shop: `shop-${rule}`, total: 149.95, lines };
    const Detail = JSON.stringify(detail);
    return { EventBusName: busOf(rule), Source: 'com.example.shop', DetailType: 'Order Placed', Detail };
  });
  const putAtMs = performance.now();
  await putEvents(pool, Entries);
  arrivals.answersMs.push(performance.now() - putAtMs);
}

/** Keeps as many events in flight as `maxUnderWay` allows. Resolves when all have arrived. */
async function saturate(sender: Sender, events: number): Promise<number> {
  const { arrivals } = sender;
  for (let sent = 0; sent < events; sent += entriesPerRequest) {
    while (arrivals.putAtMs.size > maxUnderWay - entriesPerRequest) await arrivals.next();
    await put(sender);
  }
  while (arrivals.putAtMs.size > 0) await arrivals.next();
  return events;
}

/** Sends at a fixed rate, even when events arrive late; resolves when all have arrived. */
async function pace(sender: Sender): Promise<number> {
  const { arrivals } = sender;
  const events = eventsPerSecond * measuredSeconds;
  const everyMs = (1000 * entriesPerRequest) / eventsPerSecond;
  const startMs = performance.now();
  const puts: Promise<void>[] = [];
  for (let request = 0; request < events / entriesPerRequest; request += 1) {
    const waitMs = startMs + request * everyMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    puts.push(put(sender));
  }
  await Promise.all(puts);
  while (arrivals.putAtMs.size > 0) await arrivals.next();
  return events;
}

interface Measured {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly latenciesMs: readonly number[];
  readonly answersMs: readonly number[];
}

async function measured(stack: BenchProcess, { arrivals }: Sender, run: () => Promise<number>): Promise<Measured> {
  [arrivals.latenciesMs, arrivals.answersMs] = [[], []];
  const cpuBeforeMs = Number(await stack.ask({}));
  const startMs = performance.now();
  const events = await run();
  const elapsedMs = performance.now() - startMs;
  const cpuMs = Number(await stack.ask({})) - cpuBeforeMs;
  const { latenciesMs, answersMs } = arrivals;
  return { perSecond: (events * 1000) / elapsedMs, perCpuSecond: (events * 1000) / cpuMs, latenciesMs, answersMs };
}

function figures(paced: Measured, busy: Measured): Figure[] {
  const goal = 8;
  const at = `at ${eventsPerSecond} events a second and ${rules} rules`;
  return [
    { goal, name: `local bus: events that arrive per second, ${at}`, value: paced.perSecond, target: '>= 980' },
    { goal, name: `local bus: events per second of one core, ${at}`, value: paced.perCpuSecond, target: '>= 1000' },
    {
      goal,
      name: 'local bus: events that arrive per second, at full load',
      value: busy.perSecond,
      target: '>= 1000',
    },
    {
      goal,
      name: 'local bus: events per second of one core, at full load',
      value: busy.perCpuSecond,
      target: '>= 1000',
    },
    {
      goal,
      name: `local bus: ms from PutEvents to arrival, median, ${at}`,
      value: quantile(paced.latenciesMs, 0.5),
      target: '<= 20',
    },
    {
      goal,
      name: `local bus: ms from PutEvents to arrival, p99, ${at}`,
      value: quantile(paced.latenciesMs, 0.99),
      target: '<= 100',
    },
  ];
}
