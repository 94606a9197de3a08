import type { Clock } from '../../../ports/clock.ts';
import type { EventStore, MatchedEvent, StoredDispatch } from '../store/event-store.ts';

export interface DispatcherOptions {
  readonly store: EventStore;
  /**
   * Resolves when the target has accepted the event, or when the target has refused the event for good and this has been
   * reported. Rejects when the target cannot be reached now.
   */
  readonly send: (dispatch: StoredDispatch) => Promise<void>;
  readonly clock: Clock;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** How many dispatches run at the same time. Each is a call inside this process, not a network request. */
const maxBatch = 100;

/** The wait after a target could not be reached. It doubles with each further failure, up to `longestRetryMs`. */
const firstRetryMs = 1000;
const longestRetryMs = 60_000;

/**
 * Sends accepted events to their targets.
 *
 * Failure policy: an event is stored before it is acknowledged, and its dispatch is deleted only after the target has accepted
 * it. If the process is killed between these two steps, the dispatch is repeated, but no event is lost. A target that cannot be
 * reached is tried again until it can be reached.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #stopped = new AbortController();
  readonly #waiting: number[] = [];
  readonly #failures = new Map<number, number>();
  #running: Promise<void> | undefined;
  /** Set when the store is about to close. Dispatches that end after that stay in the store for the next process. */
  #closed = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** How many dispatches wait for their turn. */
  get inLine(): number {
    return this.#waiting.length;
  }

  /** Resumes the dispatches that an earlier process accepted. */
  start(): void {
    this.#enqueue(this.#options.store.pending());
  }

  /** Returns when all events are stored. An event without targets is not kept. */
  accept(accepted: readonly MatchedEvent[]): void {
    const wanted = accepted.filter(({ targets }) => targets.length > 0);
    if (wanted.length > 0) this.#enqueue(this.#options.store.add(wanted));
  }

  /** Starts no further dispatch; resolves when the running ones have ended or the grace period is over. */
  async stop(grace: Promise<unknown>): Promise<void> {
    this.#stopped.abort();
    await Promise.race([this.#running, grace]);
    this.#closed = true;
  }

  #enqueue(numbers: readonly number[]): void {
    for (const number of numbers) this.#waiting.push(number);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // More dispatches may have been added since the queue was last read.
      if (this.#waiting.length > 0 && !this.#stopped.signal.aborted) this.#enqueue([]);
    });
  }

  async #run(): Promise<void> {
    // The caller of PutEvents gets its answer first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0 && !this.#stopped.signal.aborted) {
      await this.#dispatch(this.#waiting.splice(0, maxBatch)).catch((error: unknown) => {
        // The store keeps the dispatches for the next process.
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

  /** @returns whether the dispatch is done */
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
      // The stack was stopped: the store keeps the dispatch for the next process.
      () => undefined,
    );
  }
}
