import { randomUUID } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import type { FunctionRunner, InvocationOutcome } from './function-runner.ts';
import type { InvocationStore, StoredInvocation } from './invocation-store.ts';

/** Waits before the second and the third run. Source: the Lambda developer guide, asynchronous invocation. */
export const lambdaRetryDelaysMs: readonly number[] = [60_000, 120_000];

/** Lambda's default for a whole account. */
const maxConcurrency = 1000;

export interface AsynchronousInvocationsOptions {
  readonly store: InvocationStore;
  readonly runner: FunctionRunner;
  readonly clock: Clock;
  readonly retryDelaysMs: readonly number[];
  /** Its last run has failed; awaited before it is given up, and must not reject. */
  readonly onFailed: (failed: FailedInvocation) => Promise<void>;
}

/** An asynchronous invocation after its last run. */
export interface FailedInvocation {
  readonly invocation: StoredInvocation;
  /** Runs that it had. */
  readonly failures: number;
  readonly outcome: InvocationOutcome;
}

/**
 * Invocations of type Event: stored, answered, run, and run again after a failure.
 *
 * Failure policy: an invocation that a killed process leaves behind is run again from its beginning by the next, and
 * that run does not count as a failure; so it happens at least once, never less. The same holds for what follows the last
 * failure: a kill before its end lets the last run happen again.
 */
export class AsynchronousInvocations {
  readonly #options: AsynchronousInvocationsOptions;
  readonly #stopped = new AbortController();
  readonly #waiting: string[] = [];
  readonly #running = new Set<Promise<void>>();
  /** The store is about to be closed: what ends from now on is left for the next process to run again. */
  #closed = false;

  constructor(options: AsynchronousInvocationsOptions) {
    this.#options = options;
  }

  /** Resumes what an earlier process has accepted. */
  start(): void {
    for (const { id, notBeforeMs } of this.#options.store.pending()) this.#runAt(id, notBeforeMs);
  }

  /** Returns once it is stored, without waiting for its end. */
  accept(functionName: string, region: string, payload: string): { readonly requestId: string } {
    const id = randomUUID();
    const nowMs = this.#options.clock.nowMs();
    this.#options.store.add({
      id,
      region,
      functionName,
      payload,
      failures: 0,
      acceptedAtMs: nowMs,
      notBeforeMs: nowMs,
    });
    this.#enqueue(id);
    return { requestId: id };
  }

  /** Lets no further run begin; resolves when those under way have ended or the grace is over. */
  async stop(grace: Promise<unknown>): Promise<void> {
    this.#stopped.abort();
    await Promise.race([Promise.all(this.#running), grace]);
    this.#closed = true;
  }

  #runAt(id: string, notBeforeMs: number): void {
    const delayMs = notBeforeMs - this.#options.clock.nowMs();
    if (delayMs <= 0) return this.#enqueue(id);
    this.#options.clock.delay(delayMs, this.#stopped.signal).then(
      () => this.#enqueue(id),
      // Stopped: the store keeps it for the next process.
      () => undefined,
    );
  }

  #enqueue(id: string): void {
    this.#waiting.push(id);
    this.#runNext();
  }

  #runNext(): void {
    if (this.#stopped.signal.aborted || this.#running.size >= maxConcurrency) return;
    const id = this.#waiting.shift();
    if (id === undefined) return;
    const run = this.#run(id).finally(() => {
      this.#running.delete(run);
      this.#runNext();
    });
    this.#running.add(run);
  }

  async #run(id: string): Promise<void> {
    const { store, runner } = this.#options;
    const invocation = store.find(id);
    if (invocation === undefined) return;
    const { functionName, region, payload } = invocation;
    const outcome = await runner.run(functionName, region, JSON.parse(payload), id);
    if (this.#closed || (this.#stopped.signal.aborted && outcome.error !== undefined)) return;
    if (outcome.error === undefined) store.remove(id);
    else await this.#settleFailure(invocation, outcome);
  }

  async #settleFailure(invocation: StoredInvocation, outcome: InvocationOutcome): Promise<void> {
    const { store, clock, retryDelaysMs, onFailed } = this.#options;
    const failures = invocation.failures + 1;
    const delayMs = retryDelaysMs[failures - 1];
    if (delayMs === undefined) {
      await onFailed({ invocation, failures, outcome });
      if (!this.#closed) store.fail(invocation.id, failures, clock.nowMs(), outcome.payload);
      return;
    }
    const notBeforeMs = clock.nowMs() + delayMs;
    store.postpone(invocation.id, failures, notBeforeMs);
    this.#runAt(invocation.id, notBeforeMs);
  }
}
