import { randomUUID } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import type { FunctionRunner, InvocationOutcome } from './function-runner.ts';
import type { InvocationStore, StoredInvocation } from './invocation-store.ts';

/** Waits before the second and the third attempt. Source: the Lambda developer guide, asynchronous invocation. */
export const lambdaRetryDelaysMs: readonly number[] = [60_000, 120_000];

/** Maximum number of concurrent invocations. Source: Lambda's default quota for an account. */
const maxConcurrency = 1000;

export interface AsynchronousInvocationsOptions {
  readonly store: InvocationStore;
  readonly runner: FunctionRunner;
  readonly clock: Clock;
  readonly retryDelaysMs: readonly number[];
  /** Called and awaited after the last attempt has failed; must not reject. */
  readonly onFailed: (failed: FailedInvocation) => Promise<void>;
}

/** An asynchronous invocation after its last attempt has failed. */
export interface FailedInvocation {
  readonly invocation: StoredInvocation;
  /** Number of failed attempts. */
  readonly failures: number;
  readonly outcome: InvocationOutcome;
}

/**
 * Invocations of type Event. Each one is stored before its caller gets an answer, and runs afterwards. If a run fails, the
 * invocation runs again after a delay, up to a maximum number of runs.
 *
 * Failure policy: an invocation runs at least once. When a process is killed during an invocation, the next process runs it
 * again from the beginning, and the interrupted run does not count as a failure. The same is true after the last failure,
 * until `onFailed` has ended: if the process is killed before that, the last run is repeated.
 */
export class AsynchronousInvocations {
  readonly #options: AsynchronousInvocationsOptions;
  readonly #stopped = new AbortController();
  readonly #waiting: string[] = [];
  readonly #running = new Set<Promise<void>>();
  /**
   * Set when the store is about to close. Invocations that end later stay in the store, and the next process runs them
   * again.
   */
  #closed = false;

  constructor(options: AsynchronousInvocationsOptions) {
    this.#options = options;
  }

  /** How many invocations wait for their turn or are running. */
  get inLine(): number {
    return this.#waiting.length + this.#running.size;
  }

  /** Resumes the invocations that an earlier process accepted. */
  start(): void {
    for (const { id, notBeforeMs } of this.#options.store.pending()) this.#runAt(id, notBeforeMs);
  }

  /** Returns when the invocation is stored, without waiting for its end. */
  accept(functionName: string, region: string, payload: string, traceHeader?: string): { readonly requestId: string } {
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
      ...(traceHeader !== undefined && { traceHeader }),
    });
    this.#enqueue(id);
    return { requestId: id };
  }

  /** Starts no further run; resolves when the running ones have ended or the grace period is over. */
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
      // The stack was stopped: the store keeps the invocation for the next process.
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
    const { functionName, region, payload, traceHeader } = invocation;
    const more = { requestId: id, traceHeader };
    const outcome = await runner.run(functionName, region, JSON.parse(payload), more);
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
