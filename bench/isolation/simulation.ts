/**
 * Simulates a fleet with many destinations, some of them dead. The time jumps from event to event. Limiter, health monitor and
 * retry decision are the real ones. The queue hands out its message groups in turn.
 */
import type { Signal } from '../../lib/core/health/circuit.ts';
import { aliveSignal } from '../../lib/core/health/circuit.ts';
import { fullJitterDelayMs } from '../../lib/core/delivery/retry.ts';
import type { RatedDestination, Turn } from '../../lib/core/rate/shards.ts';
import { newcomer } from '../../lib/core/rate/shards.ts';
import { slotToleranceMs } from '../../lib/core/rate/slots.ts';
import type { RateLimiter } from '../../lib/delivery/rate/limiter.ts';
import { createRateLimiter } from '../../lib/delivery/rate/limiter.ts';
import { afterMissedSlot } from '../../lib/delivery/rate/pacing.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import { createFleetClock, createSeededRandom } from '../fleet/clock.ts';
import type { FleetClock } from '../fleet/clock.ts';
import { FairBatches } from '../fleet/fair-batches.ts';
import { createFleetTable } from '../fleet/table.ts';
import { IsolationJournal } from './journal.ts';

/** The reaction of an endpoint to a request: the time until the request ends, and the signal for the health of the endpoint. */
export type Endpoint = (random: () => number) => { readonly afterMs: number; readonly signal: Signal };

export const answering: Endpoint = () => ({ afterMs: 50, signal: aliveSignal });
export const hung: Endpoint = () => ({ afterMs: timeoutMs, signal: { kind: 'failed', code: 'TimedOut' } });
export const refused: Endpoint = () => ({ afterMs: 1, signal: { kind: 'failed', code: 'ConnectionRefused' } });
export const slow: Endpoint = () => ({ afterMs: 4900, signal: aliveSignal });
/** An endpoint that answers this share of its requests with an error. */
export const failing =
  (part: number): Endpoint =>
  (random) =>
    random() < part ? { afterMs: 50, signal: { kind: 'failed', code: 'EndpointFailed' } } : answering(random);

export interface IsolationOptions {
  readonly workers: number;
  readonly destinations: number;
  /** How many of the destinations are dead. */
  readonly dead: number;
  readonly deadEndpoint: Endpoint;
  /** Events of each dead destination that are in the queue at the beginning. */
  readonly backlog: number;
  readonly deadPerSecond: number;
  /** Events per second for all healthy destinations together. */
  readonly healthyPerSecond: number;
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
  /** After this time, the dead endpoints answer. Default: never. */
  readonly healAfterSeconds?: number;
  readonly seed?: number;
}

export interface IsolationRun {
  readonly journal: IsolationJournal;
  readonly beganMs: number;
  readonly endMs: number;
  readonly deadNames: readonly string[];
}

interface SimulatedEvent {
  readonly messageGroupId: string;
  readonly bornMs: number;
  readonly attempts: number;
  readonly turn?: Turn;
}

/** A fleet with many destinations, some of which may be dead. */
export const tenantFleet = {
  workers: 50,
  destinations: 1000,
  /** Events that are queued for each dead destination when the simulation begins. */
  backlog: 3000,
  deadPerSecond: 1,
  healthyPerSecond: 200,
  ratePerSecond: 300,
} as const;

const batchSize = 10;
const horizonMs = 2000;
const timeoutMs = 5000;
const tableLatencyMs = 6;
const settleMs = 5;
const clockSpreadMs = 5;
const backoff = { baseMs: 1000, maximumMs: 900_000 };
const longestDelaySeconds = 900;
const longestTurnWaitMs = 1000;

interface Worker {
  readonly clock: Clock;
  readonly limiter: RateLimiter;
}

class Simulation {
  readonly clock: FleetClock = createFleetClock();
  readonly journal = new IsolationJournal();
  readonly beganMs = this.clock.nowMs;
  readonly #options: IsolationOptions;
  readonly #random: () => number;
  readonly #batches: FairBatches<Worker, SimulatedEvent>;
  readonly #table;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#random = createSeededRandom(options.seed ?? 1);
    this.#table = createFleetTable(this.clock, this.#random, {
      latencyMs: tableLatencyMs,
      throttled: 0,
      itemWritesPerSecond: Number.POSITIVE_INFINITY,
      showsRefuser: true,
    });
    const workers = Array.from({ length: options.workers }, () => this.#createWorker());
    this.#batches = new FairBatches(this.clock, workers, batchSize, (worker, events) => this.#invoke(worker, events));
  }

  #createWorker(): Worker {
    const clock = this.clock.seenFrom((this.#random() - 0.5) * clockSpreadMs);
    const healthLog = {
      record: (event: Parameters<Parameters<typeof createRateLimiter>[0]['healthLog']['record']>[0]) =>
        void this.journal.of(event.apiDestination).changes.push({ atMs: this.clock.nowMs, event }),
    };
    const invocations = this.#options.workers;
    const random = this.#random;
    return {
      clock,
      limiter: createRateLimiter({ buckets: this.#table, clock, random, batchSize, invocations, healthLog }),
    };
  }

  isDead(name: string): boolean {
    return name.startsWith('dead');
  }

  #endpointOf(name: string): Endpoint {
    const { deadEndpoint, healAfterSeconds = Number.POSITIVE_INFINITY } = this.#options;
    const isHealed = this.clock.nowMs >= this.beganMs + healAfterSeconds * 1000;
    return this.isDead(name) && !isHealed ? deadEndpoint : answering;
  }

  send(event: SimulatedEvent, delaySeconds: number): void {
    this.#batches.send(event, Math.min(longestDelaySeconds, delaySeconds));
  }

  async #invoke(worker: Worker, events: readonly SimulatedEvent[]): Promise<void> {
    let healthyDoneMs = this.clock.nowMs;
    await Promise.all(
      events.map(async (event) => {
        await this.#deliver(worker, event, events);
        if (!this.isDead(event.messageGroupId)) healthyDoneMs = this.clock.nowMs;
      }),
    );
    this.journal.held.push({ fromMs: healthyDoneMs, untilMs: this.clock.nowMs });
    await this.clock.wait(settleMs);
  }

  /** One delivery, as `lib/delivery` makes it: a slot, one request and, after a failure, a wait in the queue. */
  async #deliver({ clock, limiter }: Worker, event: SimulatedEvent, invocation: object): Promise<void> {
    const { messageGroupId: name } = event;
    const { ratePerSecond } = this.#options;
    const destination: RatedDestination = { name, incarnation: name, revision: 1, ratePerSecond, burst: 1, timeoutMs };
    const monitor = limiter.monitorOf(destination);
    for (let turn = event.turn ?? newcomer; ; ) {
      const given = await limiter.reserve(destination, 1, { horizonMs, turn, invocation });
      const [[slotMs], [later], isProbe = false] = [given.slotTimesMs, given.returns, given.isProbe];
      if (slotMs === undefined) {
        if (later === undefined) throw new Error('The limiter has given neither a slot nor a turn.');
        const delayMs = later.atMs - clock.nowMs();
        if (delayMs > longestTurnWaitMs || monitor.isSlow) return this.#putBack({ ...event, turn: later }, delayMs);
        await this.clock.wait(Math.max(0, delayMs));
        turn = later;
        continue;
      }
      await this.clock.wait(Math.max(0, Math.ceil(slotMs - clock.nowMs())));
      if (clock.nowMs() > slotMs + slotToleranceMs(ratePerSecond) || (!isProbe && monitor.isHalted)) {
        turn = afterMissedSlot(turn);
        continue;
      }
      return this.#request(monitor, event, isProbe);
    }
  }

  async #request(monitor: ReturnType<RateLimiter['monitorOf']>, event: SimulatedEvent, isProbe: boolean) {
    const { messageGroupId: name, bornMs, attempts } = event;
    const history = this.journal.of(name);
    const watched = monitor.begin(isProbe);
    history.requests.push({ beganMs: this.clock.nowMs, isProbe });
    if (!this.isDead(name)) this.journal.healthyWaits.push({ bornMs, waitedMs: this.clock.nowMs - bornMs });
    const { afterMs, signal } = this.#endpointOf(name)(this.#random);
    await this.clock.wait(afterMs);
    await watched.end(signal);
    if (signal.kind === 'alive') return void history.deliveredAtMs.push(this.clock.nowMs);
    const delayMs = fullJitterDelayMs(backoff, attempts + 1, this.#random);
    this.#putBack({ messageGroupId: name, bornMs, attempts: attempts + 1 }, delayMs);
  }

  #putBack(event: SimulatedEvent, delayMs: number): void {
    this.send(event, Math.max(0, Math.ceil(delayMs / 1000)));
  }

  /** Adds Poisson traffic. The destination of each event is random. */
  addTraffic(names: readonly string[], perSecond: number): void {
    const endMs = this.beganMs + this.#options.durationSeconds * 1000;
    const gapMs = () => (-Math.log(1 - this.#random()) * 1000) / perSecond;
    if (names.length === 0 || perSecond === 0) return;
    for (let bornMs = this.beganMs + gapMs(); bornMs < endMs; bornMs += gapMs()) {
      const messageGroupId = names[Math.floor(this.#random() * names.length)] ?? '';
      const event = { messageGroupId, bornMs, attempts: 0 };
      this.clock.at(bornMs, () => this.send(event, 0));
    }
  }
}

export async function simulateIsolation(options: IsolationOptions): Promise<IsolationRun> {
  const { dead, destinations, backlog, deadPerSecond, healthyPerSecond, durationSeconds } = options;
  const simulation = new Simulation(options);
  const { clock, journal, beganMs } = simulation;
  const deadNames = Array.from({ length: dead }, (_, index) => `dead-${index}`);
  const healthyNames = Array.from({ length: destinations - dead }, (_, index) => `healthy-${index}`);
  for (const messageGroupId of deadNames) {
    for (let event = 0; event < backlog; event += 1)
      simulation.send({ messageGroupId, bornMs: beganMs, attempts: 0 }, 0);
  }
  simulation.addTraffic(deadNames, deadPerSecond * dead);
  simulation.addTraffic(healthyNames, healthyPerSecond);
  const endMs = beganMs + durationSeconds * 1000;
  await clock.runUntil(endMs);
  return { journal, beganMs, endMs, deadNames };
}
