import { expect, test } from 'vitest';
import type { Deadline } from '../../../../lib/delivery/deadline.ts';
import { withDeadline } from '../../../../lib/delivery/deadline.ts';
import { createOrderedDeliverer } from '../../../../lib/delivery/order/deliver-in-order.ts';
import { createInMemoryFifoQueue } from '../../../fakes/order/in-memory-fifo-queue.ts';
import { createInMemoryProgress } from '../../../fakes/order/in-memory-order.ts';
import { createWorker } from '../worker.ts';
import { delivered, failedForNow, rejected } from '../outcomes.ts';
import { inGroup } from './ordered-worker.ts';

/** Numbers from 0 up to 1 that are the same in each run. Source: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const visibilityTimeoutMs = 360_000;
const groups = 20;
const eventsPerGroup = 20;

interface Invocation {
  isAlive: boolean;
  readonly died: Promise<undefined>;
  die(): void;
}

function newInvocation(): Invocation {
  const { promise: died, resolve } = Promise.withResolvers<undefined>();
  const invocation: Invocation = {
    isAlive: true,
    died,
    die() {
      invocation.isAlive = false;
      resolve(undefined);
    },
  };
  return invocation;
}

const never = new Promise<never>(() => undefined);

/** Delivers all events. Attempts fail, and workers die before or after an event has arrived. */
async function deliverAll(seed: number) {
  const random = seeded(seed);
  const arrived: string[] = [];
  const invocations = new WeakMap<Deadline, Invocation>();
  let deaths = 0;
  const { clock, deliver, rawMessages, deadLetters } = createWorker((id, deadline) => {
    const invocation = invocations.get(deadline);
    const [fate, arrives] = [random(), random() < 0.5];
    if (invocation?.isAlive !== true) return never;
    if (random() < 0.03) {
      if (arrives) arrived.push(id);
      deaths += 1;
      invocation.die();
      return never;
    }
    // An endpoint that fails may have received the event all the same.
    if (fate >= 0.35 || arrives) arrived.push(id);
    if (fate >= 0.35) return delivered;
    return fate < 0.02 ? rejected : failedForNow(fate < 0.1 ? 20_000 : undefined);
  });
  const progressStore = createInMemoryProgress();
  const queue = createInMemoryFifoQueue(
    Array.from({ length: groups * eventsPerGroup }, (_, index) => {
      const group = `g${index % groups}`;
      return inGroup(group, `${group}-${String(Math.floor(index / groups)).padStart(2, '0')}`);
    }),
  );
  for (let nextMs = queue.nextReceiveAtMs(); nextMs !== undefined; nextMs = queue.nextReceiveAtMs()) {
    await clock.advance(Math.max(0, nextMs - clock.nowMs()));
    const batch = queue.receive(clock.nowMs(), visibilityTimeoutMs);
    const invocation = newInvocation();
    const calls = queue.callsOf(
      () => invocation.isAlive,
      () => clock.nowMs(),
    );
    const parts = {
      deliver,
      received: calls,
      held: calls,
      progressStore,
      rawMessages,
      clock,
      apiDestination: undefined,
    };
    const running = withDeadline(clock, 60_000, (deadline) => {
      invocations.set(deadline, invocation);
      return createOrderedDeliverer(parts)(batch, deadline);
    });
    const returned = await Promise.race([running, invocation.died]);
    if (returned === undefined) continue;
    queue.delete(batch.map(({ messageId }) => messageId).filter((id) => !returned.includes(id)));
  }
  return { arrived, deaths, deadLetters: deadLetters.letters };
}

test.each([1, 2, 3])(
  'with failing endpoints and dying workers, the first arrivals of each of 20 groups are in order (seed %i)',
  async (seed) => {
    const { arrived, deaths, deadLetters } = await deliverAll(seed);
    expect(deaths).toBeGreaterThan(5);
    expect(deadLetters.length).toBeGreaterThan(0);
    const first = [...new Set(arrived)];
    const dead = new Set(deadLetters.map(({ body }) => String(JSON.parse(body).id)));
    expect(new Set([...first, ...dead]).size).toBe(groups * eventsPerGroup);
    for (let group = 0; group < groups; group += 1) {
      const inOrder = first.filter((id) => id.startsWith(`g${group}-`));
      expect(inOrder).toEqual(inOrder.toSorted());
    }
  },
);
