import { setTimeout as delay } from 'node:timers/promises';
import type { SentEvent } from './events.ts';
import { sendEvent, statusOf } from './events.ts';
import type { Ledger } from './ledger.ts';
import type { DestinationName, Planned } from './plan.ts';
import { between, namedRandom, traffic } from './plan.ts';
import type { KillableStack, StackClients } from './stack.ts';
import { StackKilled } from './stack.ts';

/** A stack and the ledger of the events sent to it. */
export interface Load {
  readonly stack: KillableStack;
  readonly ledger: Ledger;
  readonly seed: number;
}

/** This share of the sends are bursts. The first send is always a burst. */
const bursts = 0.05;

/**
 * Sends events to one destination until `over` aborts: half of them through the queue and half by invocation, at random times
 * and sometimes in bursts.
 */
export async function sendEvents(load: Load, name: DestinationName, over: AbortSignal): Promise<void> {
  const { eventsPerSecond, burst } = traffic[name];
  const random = namedRandom(load.seed, `events ${name}`);
  for (let number = 1; !over.aborted; ) {
    const count = number === 1 || random() < bursts ? burst : 1;
    const events = Array.from({ length: count }, (_, index) => ({
      id: `${name}-${number + index}`,
      number: number + index,
      apiDestination: name,
      way: random() < 0.5 ? ('invoke' as const) : ('queue' as const),
    }));
    number += count;
    const clients = await readyClients(load.stack);
    await Promise.all(events.map((event) => sendOne(load.ledger, clients, event)));
    // The pause after a burst is longer, so that the average rate stays the same.
    await pause((between(random, 0, 2) * count * 1000) / eventsPerSecond, over);
  }
}

async function sendOne(ledger: Ledger, clients: StackClients, event: SentEvent): Promise<void> {
  ledger.send(event.id, performance.now());
  try {
    await sendEvent(clients, event);
    ledger.answered(event.id, 'accepted');
  } catch (error) {
    ledger.answered(event.id, statusOf(error) === undefined ? 'unanswered' : 'refused');
  }
}

/** Clients of the running stack or, if none is running, of the next one. */
export async function readyClients(stack: KillableStack): Promise<StackClients> {
  for (;;) {
    try {
      return await stack.clients();
    } catch (error) {
      if (!(error instanceof StackKilled)) throw error;
    }
  }
}

/** Runs each step of the plan at its time, or later if the step before has not ended by then. */
export async function followPlan<What>(
  plan: readonly Planned<What>[],
  ending: AbortSignal,
  act: (what: What) => Promise<void>,
): Promise<void> {
  const beganAtMs = performance.now();
  for (const { atMs, what } of plan) {
    await pause(beganAtMs + atMs - performance.now(), ending);
    if (ending.aborted) return;
    await act(what);
  }
}

export async function repeat(everyMs: number, over: AbortSignal, act: () => Promise<void>): Promise<void> {
  for (await pause(everyMs, over); !over.aborted; await pause(everyMs, over)) await act();
}

/** Waits. Also resolves when the signal aborts. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, durationMs), undefined, { signal }).catch(() => undefined);
}
