import { benchName, orderEvents } from '../events.ts';
import type { Figure } from '../figure.ts';
import { median, medianOf } from '../rounds.ts';
import { limitCpu } from './cpu-limit.ts';
import type { Unpacked } from './environment.ts';
import { runtimeName, startEnvironment, unpack } from './environment.ts';
import { measureFirstDelivery } from './first-delivery.ts';
import { cores, endpointMs, periodsUs, storeMs } from './lambda.ts';
import { directMillion, prices, queuedMillion } from './prices.ts';
import type { Servers } from './servers.ts';
import { startServers } from './servers.ts';

const batchSize = 10;
/** After these, the compiler has optimised the code, and the worker knows whether others use the rate. */
const warmUp = 150;
const measured = 100;
const target = 1.15;

/** Goal 9: what Lambda bills for a warm batch. Goal 5: how soon a fresh process delivers its first event. */
export async function* measureBilled(): AsyncGenerator<Figure> {
  const servers = await startServers();
  const functions = [await unpack('deliver-queued'), await unpack('deliver')] as const;
  const [queued, direct] = functions;
  try {
    yield* measureFirstDelivery(direct, servers, { apiDestination: benchName, event: orderEvents[0] });
    for (const periodUs of periodsUs) {
      const batches = await measureWarm(queued, servers, periodUs, batchOf);
      if (typeof batches === 'string') {
        console.error(`What Lambda bills is not measured: ${batches}.`);
        return;
      }
      yield* figuresOf(`a warm batch of ${batchSize}`, periodUs, batches, queuedMillion(batches.ms.value));
      const singles = await measureWarm(direct, servers, periodUs, eventOf);
      if (typeof singles !== 'string') {
        yield* figuresOf('a warm invocation of deliver', periodUs, singles, directMillion(singles.ms.value));
      }
    }
    yield {
      goal: 9,
      name: 'US dollars for a million events of API destinations of EventBridge',
      value: prices.apiDestinationEvent * 1e6,
      target: 'none: for comparison',
    };
  } finally {
    servers.stop();
    for (const each of functions) each.remove();
  }
}

interface Warm {
  readonly ms: { readonly value: number; readonly noise: number };
  readonly cpuMs: number;
  /** One write and one answer of the endpoint, as the servers themselves measured them. */
  readonly limitMs: number;
}

/** @returns a text that says why nothing can be measured */
async function measureWarm(
  unpacked: Unpacked,
  servers: Servers,
  periodUs: number,
  payloadOf: (index: number) => object,
): Promise<Warm | string> {
  const limit = limitCpu(cores, periodUs);
  if (typeof limit === 'string') return limit;
  const environment = await startEnvironment(unpacked, servers.variables);
  try {
    for (let index = 0; index < warmUp; index += 1) await environment.invoke(payloadOf(index));
    limit.add(environment.pid);
    for (let index = 0; index < 10; index += 1) await environment.invoke(payloadOf(index));
    await servers.takeTimes();
    const cpuBefore = environment.cpuMs();
    const ms: number[] = [];
    for (let index = 0; index < measured; index += 1) ms.push(await environment.invoke(payloadOf(index)));
    const cpuMs = (environment.cpuMs() - cpuBefore) / measured;
    const { store, endpoint } = await servers.takeTimes();
    return { ms: medianOf(ms), cpuMs, limitMs: median(store) + median(endpoint) };
  } finally {
    await environment.stop();
    limit.remove();
  }
}

function batchOf(batch: number): object {
  const Records = Array.from({ length: batchSize }, (_, index) => {
    const event = orderEvents[(batch * batchSize + index) % orderEvents.length];
    return {
      messageId: `message-${batch}-${index}`,
      receiptHandle: `handle-${batch}-${index}`,
      body: JSON.stringify({ apiDestination: benchName, event }),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) },
      messageAttributes: {},
    };
  });
  return { Records };
}

function eventOf(index: number): object {
  return { apiDestination: benchName, event: orderEvents[index % orderEvents.length] };
}

function* figuresOf(what: string, periodUs: number, { ms, cpuMs, limitMs }: Warm, dollars: number): Generator<Figure> {
  const under = `with ${cores.toFixed(2)} of a core in periods of ${periodUs / 1000} ms, in ${runtimeName}`;
  const ratio = { value: ms.value / limitMs, noise: ms.noise / limitMs };
  yield {
    goal: 9,
    name: `ms of ${what}, divided by one write (${storeMs} ms) and one answer (${endpointMs} ms), ${under}`,
    ...ratio,
    target: `at most ${target}`,
    broken: ratio.value - ratio.noise > target,
  };
  const information = { goal: 9, target: 'none: for comparison' };
  yield { ...information, name: `ms of ${what}, ${under}`, ...ms };
  yield { ...information, name: `ms of processor time of ${what}, ${under}`, value: cpuMs };
  yield {
    ...information,
    name: `US dollars for a million events, from the time of ${what}, without logs`,
    value: dollars,
  };
}
