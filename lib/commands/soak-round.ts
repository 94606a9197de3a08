import { setTimeout as delay } from 'node:timers/promises';
import { CreateApiDestinationCommand, CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import { startFailingEndpoint } from './soak-endpoint.ts';
import { apiDestination, idIn, sendEvent, takeDeadLetters, wasAnswered } from './soak-events.ts';
import { isBalanced, Ledger, type LedgerBalance } from './soak-ledger.ts';
import { seededRandom } from './soak-random.ts';
import { KillableStack, type StackClients, StackKilled } from './soak-stack.ts';

export interface KillRoundOptions {
  readonly events: number;
  readonly kills: number;
  /** Which events fail when, and where the kills fall. */
  readonly seed: number;
  /** Empty or new; the caller removes it. */
  readonly dataDir: string;
  /** How long the last stack may take to settle what is left. */
  readonly settleLimitMs: number;
}

export interface KillRoundResult {
  readonly balance: LedgerBalance;
  /** Killed while starting included. */
  readonly kills: number;
  /** Requests that reached the endpoint. */
  readonly requests: number;
  readonly durationMs: number;
  /** What the stacks have said of faults of their own. */
  readonly errors: readonly string[];
}

/** Senders at a time. */
const lanes = 8;
/** A sender's longest pause between two events, so that the kills fall between sending and settling too. */
const longestPauseMs = 40;
/** Longest time from the event that a kill follows to the kill. */
const longestKillDelayMs = 300;
/** Share of the kills after which the next process is killed before it is ready. */
const killedWhileStarting = 0.25;
const settleCheckMs = 100;

/**
 * Sends events to a failing endpoint through a stack that is killed again and again, and follows each to its end.
 *
 * Failure policy: an event counts as accepted only when the stack has said so; then it must arrive at the endpoint or lie in
 * the dead letters, at least once.
 */
export async function runKillRound(options: KillRoundOptions): Promise<KillRoundResult> {
  const beganAtMs = performance.now();
  const random = seededRandom(options.seed);
  const ledger = new Ledger();
  const endpoint = await startFailingEndpoint(random, (body) => ledger.delivered(idIn(body) ?? ''));
  const stack = new KillableStack(options.dataDir);
  try {
    await createDestination(await stack.clients(), endpoint.url);
    const killer = new Killer(stack, random, options);
    await Promise.all(Array.from({ length: lanes }, () => sendEvents({ ...options, stack, ledger, killer, random })));
    await killer.end();
    await settle(stack, ledger, options.settleLimitMs);
    return {
      balance: ledger.balance(),
      kills: killer.count,
      requests: endpoint.requestCount(),
      durationMs: performance.now() - beganAtMs,
      errors: stack.errors(),
    };
  } finally {
    await stack.kill();
    await endpoint.close();
  }
}

async function createDestination({ events }: StackClients, InvocationEndpoint: string): Promise<void> {
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-soak', ApiKeyValue: 'soak' } };
  const connection = { Name: apiDestination, AuthorizationType: 'API_KEY', AuthParameters } as const;
  const { ConnectionArn } = await events.send(new CreateConnectionCommand(connection));
  const destination = { Name: apiDestination, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
  await events.send(new CreateApiDestinationCommand(destination));
}

/** Kills the stack when a drawn number of events has been sent; the last time when all have been. */
class Killer {
  readonly #stack: KillableStack;
  readonly #random: () => number;
  readonly #after: number[];
  #sent = 0;
  #killing: Promise<void> = Promise.resolve();
  count = 0;

  constructor(stack: KillableStack, random: () => number, { events, kills }: KillRoundOptions) {
    this.#stack = stack;
    this.#random = random;
    const drawn = Array.from({ length: Math.max(0, kills - 1) }, () => 1 + Math.floor(random() * events));
    this.#after = [...drawn, ...(kills > 0 ? [events] : [])].sort((one, other) => one - other);
  }

  /** @returns the number of the next event; undefined when all have been sent */
  next(events: number): number | undefined {
    if (this.#sent >= events) return undefined;
    this.#sent += 1;
    for (let after = this.#after[0]; after !== undefined && after <= this.#sent; after = this.#after[0]) {
      this.#after.shift();
      this.#killing = this.#killing.then(() => this.#kill());
    }
    return this.#sent;
  }

  end(): Promise<void> {
    return this.#killing;
  }

  async #kill(): Promise<void> {
    await delay(this.#random() * longestKillDelayMs);
    await this.#killOnce();
    if (this.#random() >= killedWhileStarting) return this.#stack.start();
    this.#stack.start();
    await delay(this.#random() * longestKillDelayMs);
    await this.#killOnce();
    this.#stack.start();
  }

  async #killOnce(): Promise<void> {
    await this.#stack.kill();
    this.count += 1;
  }
}

interface Sending {
  readonly stack: KillableStack;
  readonly ledger: Ledger;
  readonly killer: Killer;
  readonly random: () => number;
  readonly events: number;
}

async function sendEvents({ stack, ledger, killer, random, events }: Sending): Promise<void> {
  for (let number = killer.next(events); number !== undefined; number = killer.next(events)) {
    const id = `e-${number}`;
    const clients = await readyClients(stack);
    ledger.send(id);
    try {
      await sendEvent(clients, id, number, random() < 0.5 ? 'invoke' : 'queue');
      ledger.answered(id, 'accepted');
    } catch (error) {
      ledger.answered(id, wasAnswered(error) ? 'refused' : 'unanswered');
    }
    await delay(random() * longestPauseMs);
  }
}

async function readyClients(stack: KillableStack): Promise<StackClients> {
  for (;;) {
    try {
      return await stack.clients();
    } catch (error) {
      if (!(error instanceof StackKilled)) throw error;
    }
  }
}

/** Returns when every accepted event is accounted for, or the time is over. */
async function settle(stack: KillableStack, ledger: Ledger, limitMs: number): Promise<void> {
  const clients = await readyClients(stack);
  const endsAtMs = performance.now() + limitMs;
  while (performance.now() < endsAtMs) {
    await takeDeadLetters(clients, (text) => ledger.deadLettered(idIn(text) ?? ''));
    if (isBalanced(ledger.balance())) return;
    await delay(settleCheckMs);
  }
}
