import { startOAuthProvider } from '../lib/commands/demo/demo-servers.ts';
import { Changes } from './changes.ts';
import { soakClients, soakTokenSeconds } from './credentials.ts';
import { SoakDestination } from './destination.ts';
import { countQueued, idIn, takeDeadLetters } from './events.ts';
import { Interruptions } from './interruptions.ts';
import { Ledger, type LedgerBalance } from './ledger.ts';
import { followPlan, pause, readyClients, repeat, sendEvents } from './load.ts';
import { type MemoryGrowth, MemoryRecord } from './memory.ts';
import { destinationNames, type Interruption, type Planned, planChanges, sendingMsOf } from './plan.ts';
import { Heartbeat, type Second } from './rate-count.ts';
import { KillableStack } from './stack.ts';

export interface TrialOptions {
  readonly name: string;
  readonly seed: number;
  readonly durationMs: number;
  /** Kills and freezes of the stack; empty for the stack that is not interrupted. */
  readonly interruptions: readonly Planned<Interruption>[];
  /** Whether calls of the workers fail on purpose. Default no. SQS may then get or keep a message twice, so any event may be duplicated. */
  readonly failsCalls?: boolean;
  /** A new or empty folder; the caller removes it. */
  readonly dataDir: string;
  /** How long the remaining events may take to settle after the last one was sent. */
  readonly settleLimitMs: number;
  /** Ends the sending early. */
  readonly ending: AbortSignal;
  /** Ends the sending and the settling early. */
  readonly aborting: AbortSignal;
}

export interface DestinationResult {
  readonly name: string;
  readonly requests: number;
  readonly unauthorized: number;
  readonly stalestMs: number;
  readonly fullest: Second | undefined;
  readonly connectionState: string;
}

export interface TrialResult {
  readonly name: string;
  /** The error that ended the trial early, for example that the stack ended by itself. */
  readonly brokenOff: string | undefined;
  /** The 0.99 quantile of the times from sending an event for `healthy` to its delivery; undefined without events. */
  readonly healthyP99Ms: number | undefined;
  readonly balance: LedgerBalance;
  /** The number of kills, including those while the stack was starting. */
  readonly kills: number;
  readonly freezes: number;
  readonly changes: Readonly<Record<string, number>>;
  readonly refusedChanges: readonly string[];
  /** Number of dead letters by ERROR_CODE. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly destinations: readonly DestinationResult[];
  /** The time during which events were sent. */
  readonly sendingMs: number;
  /** OAuth tokens that the stack obtained. */
  readonly tokens: number;
  readonly memory: readonly MemoryGrowth[];
  /** Calls of the workers that have failed on purpose. */
  readonly failedCalls: number;
  /** Messages left in the delivery queue; undefined when the settling was cut off. */
  readonly queued: number | undefined;
  /** Errors that the stack's processes printed. */
  readonly errors: readonly string[];
}

const settleCheckMs = 500;
const deadLetterCheckMs = 2000;

/** The number of memory measurements in a short soak. In a longer soak, the gap between two measurements is 10 s. */
const memoryMeasurements = 60;
const longestMemoryGapMs = 10_000;

/**
 * One stack under load. It gets events for five destinations while its configuration changes.
 *
 * Failure policy: an event counts as accepted only when the stack has said so. An accepted event must arrive at its endpoint
 * or be in the dead letters, at least once.
 */
export class Trial {
  readonly ledger = new Ledger();
  readonly interruptions: Interruptions;
  readonly changes: Changes;
  readonly #options: TrialOptions;
  readonly #stack: KillableStack;
  readonly #memory = new MemoryRecord();
  readonly #deadLetters: Record<string, number> = {};
  readonly #destinations: SoakDestination[] = [];

  constructor(options: TrialOptions) {
    this.#options = options;
    this.#stack = new KillableStack(options.dataDir, options.failsCalls === true);
    this.interruptions = new Interruptions(this.#stack, this.ledger);
    this.changes = new Changes(this.#stack, this.#destinations);
    if (options.failsCalls === true) this.ledger.interrupted(performance.now());
  }

  async run(): Promise<TrialResult> {
    const provider = await startOAuthProvider(soakClients, soakTokenSeconds);
    const heartbeat = new Heartbeat();
    const destinations = this.#destinations;
    const { changes } = this;
    try {
      for (const name of destinationNames) {
        const options = { name, seed: this.#options.seed, provider, heartbeat, ledger: this.ledger };
        destinations.push(await SoakDestination.start(options));
      }
      const beganAtMs = performance.now();
      const brokenOff = await this.#load(destinations, changes).then(() => undefined, String);
      const sendingMs = performance.now() - beganAtMs;
      const queued = brokenOff === undefined ? await this.#settle() : undefined;
      return {
        name: this.#options.name,
        brokenOff,
        balance: this.ledger.balance(),
        healthyP99Ms: this.ledger.deliveryTimeMs('healthy-', 0.99),
        kills: this.interruptions.kills,
        freezes: this.interruptions.freezes,
        changes: changes.made,
        refusedChanges: changes.refused,
        deadLetters: this.#deadLetters,
        destinations: await this.#resultsOf(destinations),
        sendingMs,
        tokens: provider.issued(),
        memory: this.#memory.growths(),
        failedCalls: this.#memory.failedCalls(),
        queued,
        errors: this.#stack.errors(),
      };
    } finally {
      await this.#stack.kill();
      for (const server of [provider, ...destinations]) await server.close();
      heartbeat.stop();
    }
  }

  /**
   * Sends events, changes the configuration and interrupts the stack, until the time is over.
   *
   * @throws the error that ended the load early, for example because a stack ended by itself. By then all parts have stopped
   */
  async #load(destinations: readonly SoakDestination[], changes: Changes): Promise<void> {
    const { seed, durationMs, interruptions, ending, aborting } = this.#options;
    const clients = await this.#stack.clients();
    for (const destination of destinations) await destination.create(clients);
    const broken = new AbortController();
    const ended = AbortSignal.any([ending, broken.signal]);
    const overAfter = (afterMs: number) => AbortSignal.any([ended, AbortSignal.timeout(afterMs)]);
    const over = overAfter(durationMs);
    const left = AbortSignal.any([aborting, broken.signal]);
    const load = { stack: this.#stack, ledger: this.ledger, seed };
    const parts = [
      ...destinations.map(({ name }) => sendEvents(load, name, overAfter(sendingMsOf(name, durationMs)))),
      followPlan(interruptions, ended, (interruption) => this.interruptions.act(interruption)),
      followPlan(planChanges(seed, durationMs), ended, (change) => changes.make(change, left)),
      repeat(deadLetterCheckMs, over, () => this.#takeDeadLetters().catch(() => undefined)),
      repeat(Math.min(longestMemoryGapMs, durationMs / memoryMeasurements), over, () => this.#measure()),
    ];
    for (const part of parts) part.catch(() => broken.abort());
    await Promise.allSettled(parts);
    await Promise.all(parts);
  }

  /**
   * Waits until every accepted event is found and the queue is empty, or the time is over. @returns the messages left
   * in the queue
   */
  async #settle(): Promise<number | undefined> {
    const { settleLimitMs, aborting } = this.#options;
    const over = AbortSignal.any([aborting, AbortSignal.timeout(settleLimitMs)]);
    let queued: number | undefined;
    while (!over.aborted) {
      try {
        await this.#takeDeadLetters();
        queued = await countQueued(await readyClients(this.#stack));
        if (this.ledger.underWay === 0 && queued === 0) break;
      } catch {
        // The loop tries again.
      }
      await pause(settleCheckMs, over);
    }
    await this.#measure();
    return queued;
  }

  async #takeDeadLetters(): Promise<void> {
    await takeDeadLetters(await readyClients(this.#stack), (text, code) => {
      this.ledger.deadLettered(idIn(text) ?? '', performance.now());
      this.#deadLetters[code] = (this.#deadLetters[code] ?? 0) + 1;
    });
  }

  async #measure(): Promise<void> {
    const memory = await this.#stack.memory();
    if (memory !== undefined) this.#memory.add(memory);
  }

  async #resultsOf(destinations: readonly SoakDestination[]): Promise<DestinationResult[]> {
    const stateOf = async (destination: SoakDestination) =>
      destination.connectionState(await readyClients(this.#stack));
    return Promise.all(
      destinations.map(async (destination) => ({
        name: destination.name,
        requests: destination.rate.requests,
        unauthorized: destination.unauthorized,
        stalestMs: destination.stalestMs,
        fullest: destination.rate.fullest(),
        connectionState: await stateOf(destination).catch(() => 'unknown'),
      })),
    );
  }
}
