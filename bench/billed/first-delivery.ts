import { spawnSync } from 'node:child_process';
import type { Figure } from '../figure.ts';
import { median, medianOf } from '../rounds.ts';
import type { Servers } from './servers.ts';
import type { Served } from './stores-process.ts';
import type { Unpacked } from './environment.ts';
import { runtimeName, startEnvironment, unpackNothing } from './environment.ts';

const rounds = 11;
const target = 2;

/**
 * The time from the start of a fresh process to the answer of its first invocation, without the time that the endpoint takes,
 * divided by the time of an empty process. The invocation waits for the process, as at a cold start of Lambda.
 */
export async function* measureFirstDelivery(
  unpacked: Unpacked,
  servers: Servers,
  payload: unknown,
): AsyncGenerator<Figure> {
  const [ratios, ownMs, cpuMs]: [number[], number[], number[]] = [[], [], []];
  const parts = new Map<string, number[]>();
  const nothing = unpackNothing();
  const runtime: { ratios: number[]; cpuMs: number[] } = { ratios: [], cpuMs: [] };
  for (let round = 0; round < rounds; round += 1) {
    const emptyMs = emptyProcessMs();
    const alone = await startEnvironment(nothing, servers.variables);
    runtime.ratios.push((await alone.invoke(payload)) / emptyMs);
    runtime.cpuMs.push(alone.cpuMs());
    await alone.stop();
    await servers.takeTimes();
    const environment = await startEnvironment(unpacked, servers.variables);
    const beganAtMs = performance.timeOrigin + performance.now();
    let tookMs: number;
    let waitsAtMs: number;
    let waitsCpuMs: number;
    try {
      await environment.waiting();
      waitsAtMs = performance.timeOrigin + performance.now();
      waitsCpuMs = environment.cpuMs();
      await environment.invoke(payload);
      tookMs = performance.timeOrigin + performance.now() - beganAtMs;
      cpuMs.push(environment.cpuMs());
    } finally {
      await environment.stop();
    }
    const { endpoint, timeline } = await servers.takeTimes();
    ownMs.push(tookMs - median(endpoint));
    ratios.push((tookMs - median(endpoint)) / emptyMs);
    const times = partsOf(timeline, { beganAtMs, waitsAtMs, endedAtMs: beganAtMs + tookMs });
    for (const [part, ms] of Object.entries({ 'an empty process': emptyMs, ...times, [cpuWaiting]: waitsCpuMs })) {
      parts.set(part, [...(parts.get(part) ?? []), ms]);
    }
  }
  nothing.remove();
  const { value, noise } = medianOf(ratios);
  yield {
    goal: 5,
    name: `a fresh process of ${unpacked.name} until its first event is delivered, without the endpoint's time, in empty processes, in ${runtimeName}`,
    value,
    noise,
    target: `at most ${target}`,
    broken: value - noise > target,
  };
  yield { goal: 5, name: 'the same in ms', value: median(ownMs), target: 'none: for comparison' };
  yield { goal: 5, name: 'the same in ms of processor time', value: median(cpuMs), target: 'none: for comparison' };
  const doesNothing = 'a fresh process of a function that does nothing, in the same runtime';
  const none = { goal: 5, target: 'none: for comparison' };
  yield { ...none, name: `${doesNothing}, in empty processes`, ...medianOf(runtime.ratios) };
  yield { ...none, name: `${doesNothing}, ms of processor time`, value: median(runtime.cpuMs) };
  for (const [part, ms] of parts) {
    yield { goal: 5, name: `${part}, ms`, value: median(ms), target: 'none: for comparison' };
  }
}

const cpuWaiting = 'processor time until the runtime waits for its first event';

interface Moments {
  readonly beganAtMs: number;
  readonly waitsAtMs: number;
  readonly endedAtMs: number;
}

/** The parts of the time until the first event is delivered, as the servers see them. They add up to the whole. */
function partsOf(timeline: readonly Served[], { beganAtMs, waitsAtMs, endedAtMs }: Moments): Record<string, number> {
  const calls = timeline.toSorted((one, other) => one.beganAtMs - other.beganAtMs);
  const request = calls.find(({ what }) => what === 'endpoint');
  const before = calls.filter(({ endedAtMs: atMs }) => request !== undefined && atMs <= request.beganAtMs);
  const [first] = before;
  if (first === undefined || request === undefined) return {};
  const answeringMs = before.reduce((sum, call) => sum + call.endedAtMs - call.beganAtMs, 0);
  return {
    'from the start of the process until its runtime waits for the first event': waitsAtMs - beganAtMs,
    'from the event to the first call of a store': first.beganAtMs - waitsAtMs,
    'answers of the stores before the request': answeringMs,
    'own time between the first call and the request': request.beganAtMs - first.beganAtMs - answeringMs,
    'answer of the endpoint': request.endedAtMs - request.beganAtMs,
    'from the answer of the endpoint to the result': endedAtMs - request.endedAtMs,
  };
}

function emptyProcessMs(): number {
  const beganAtMs = performance.now();
  spawnSync(process.execPath, ['-e', ''], { stdio: 'ignore' });
  return performance.now() - beganAtMs;
}
