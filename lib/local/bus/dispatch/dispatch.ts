import type { Clock } from '../../../ports/clock.ts';
import type { EventStore, MatchedEvent, StoredDispatch } from '../store/event-store.ts';

export interface DispatcherOptions {
  readonly store: EventStore;
  /**
   * Resolves when the target has taken the event over, or when its end has been said and nothing can be done. Rejects when
   * the target could not be reached for now.
   */
  readonly send: (dispatch: StoredDispatch) => Promise<void>;
  readonly clock: Clock;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** Dispatches under way at a time; each is a call inside this process. */
const maxBatch = 100;

/** Wait after a target could not be reached, doubled each time up to the longest. */
const firstRetryMs = 1000;
const longestRetryMs = 60_000;

/**
 * Hands accepted events to their targets.
 *
 * Failure policy: an event is stored before it is answered for, and its dispatch is removed only when the target has taken
 * it over: a kill between the two repeats it, none is lost. A target that cannot be reached is tried for as long as it takes.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #stopped = new AbortController();
  readonly #waiting: number[] = [];
  readonly #failures = new Map<number, number>();
  #running: Promise<void> | undefined;
  /** The store is about to be closed: what ends from now on is left for the next process. */
  #closed = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Resumes what an earlier process has accepted. */
  start(): void {
    this.#enqueue(this.#options.store.pending());
  }

  /** Returns once all of them are stored. An event without targets is forgotten. */
  accept(accepted: readonly MatchedEvent[]): void {
    const wanted = accepted.filter(({ targets }) => targets.length > 0);
    if (wanted.length > 0) this.#enqueue(this.#options.store.add(wanted));
  }

  /** Lets no further dispatch begin; resolves when those under way have ended or the grace is over. */
  async stop(grace: Promise<unknown>): Promise<void> {
    this.#stopped.abort();
    await Promise.race([this.#running, grace]);
    this.#closed = true;
  }

  #enqueue(numbers: readonly number[]): void {
    for (const number of numbers) this.#waiting.push(number);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Enqueued after the last look.
      if (this.#waiting.length > 0 && !this.#stopped.signal.aborted) this.#enqueue([]);
    });
  }

  async #run(): Promise<void> {
    // Whoever put the events has the answer first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0 && !this.#stopped.signal.aborted) {
      await this.#dispatch(this.#waiting.splice(0, maxBatch)).catch((error: unknown) => {
        // The store keeps them for the next process.
        if (!this.#stopped.signal.aborted) this.#options.reportFault('the store of the local bus', error);
      });
    }
  }

  async #dispatch(numbers: readonly number[]): Promise<void> {
    const { store } = this.#options;
    const dispatches = numbers.flatMap((number) => store.find(number) ?? []);
    const ended = await Promise.all(dispatches.map((dispatch) => this.#send(dispatch)));
    const done = dispatches.filter((_, index) => ended[index]);
    if (done.length > 0 && !this.#closed) store.remove(done);
  }

  /** @returns whether that was the end of it */
  async #send(dispatch: StoredDispatch): Promise<boolean> {
    try {
      await this.#options.send(dispatch);
      this.#failures.delete(dispatch.number);
      return true;
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#retry(dispatch, error);
      return false;
    }
  }

  #retry({ number }: StoredDispatch, error: unknown): void {
    const { clock, reportFault } = this.#options;
    const failures = this.#failures.get(number) ?? 0;
    this.#failures.set(number, failures + 1);
    if (failures === 0) reportFault('the local bus', error);
    clock.delay(Math.min(longestRetryMs, firstRetryMs * 2 ** failures), this.#stopped.signal).then(
      () => this.#enqueue([number]),
      // Stopped: the store keeps it for the next process.
      () => undefined,
    );
  }
}
