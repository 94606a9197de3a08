import { spawnSync } from 'node:child_process';
import type { Figure } from '../figure.ts';
import { median, medianOf } from '../rounds.ts';
import type { Servers } from './servers.ts';
import type { Unpacked } from './environment.ts';
import { runtimeName, startEnvironment } from './environment.ts';

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
  for (let round = 0; round < rounds; round += 1) {
    const emptyMs = emptyProcessMs();
    await servers.takeTimes();
    const environment = await startEnvironment(unpacked, servers.variables);
    let tookMs: number;
    try {
      tookMs = await environment.invoke(payload);
      cpuMs.push(environment.cpuMs());
    } finally {
      await environment.stop();
    }
    const { endpoint } = await servers.takeTimes();
    ownMs.push(tookMs - median(endpoint));
    ratios.push((tookMs - median(endpoint)) / emptyMs);
  }
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
}

function emptyProcessMs(): number {
  const beganAtMs = performance.now();
  spawnSync(process.execPath, ['-e', ''], { stdio: 'ignore' });
  return performance.now() - beganAtMs;
}
