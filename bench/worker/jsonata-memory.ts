/** Goal 7: how much memory the process for JSONata has when an expression exceeds its limit. */
import { readFileSync } from 'node:fs';
import { createJsonataTransformations } from '../../lib/adapters/jsonata/transformations.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { Figure } from '../figure.ts';

const functionMegabytes = 512;
/** The worker needs the rest. */
const target = 0.6;

/** Expressions that use up the memory in different ways. */
const greedy = ['$length($pad("", 200000000))', '$count([[1..9999999], [1..9999999]])', '[1..9999999]'];

export async function measureJsonataMemory(): Promise<Figure[]> {
  let value = 0;
  for (const expression of greedy) {
    const sampling = setInterval(() => {
      value = Math.max(value, megabytesOfChildren() / functionMegabytes);
    }, 5);
    const { signal } = new AbortController();
    const transformation = { destination: 'bench', expression, eventText: '1', metadata: {} };
    await createJsonataTransformations(systemClock)
      .apply(transformation, signal)
      .then(
        () => {
          throw new Error(`The expression ${expression} did not exceed a limit.`);
        },
        () => undefined,
      );
    clearInterval(sampling);
  }
  const name = `resident memory of the process for JSONata at its limit, to the ${functionMegabytes} MB of a function`;
  return [{ goal: 7, name, value, target: `< ${target}`, broken: !(value < target) }];
}

/** The most memory that the children of this process have had. */
function megabytesOfChildren(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const most = children.map((pid) => {
    try {
      return Number(/VmHWM:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  });
  return Math.max(...most);
}
