import { Failure } from '../core/failure/failure.ts';

/** Runs at most one piece of work per key at a time. All callers that come during the work share its result. */
export interface SingleFlight<Result> {
  /**
   * The result of the work that is running, or of work that is started now.
   *
   * @param signal ends the caller's wait when it aborts; without a signal, the caller waits until the work ends
   * @throws Failure OutOfTime when the signal aborts first
   */
  run(key: string, start: (signal: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /** The result of the work that is running; undefined when none is running. */
  running(key: string): Promise<Result> | undefined;
}

interface Work<Result> {
  readonly result: Promise<Result>;
  readonly abandon: AbortController;
  waiters: number;
}

/**
 * Failure policy: a caller that runs out of time leaves, and the work goes on for the others. When the last caller has left,
 * the work is told to stop, and the next caller starts it anew.
 */
export function createSingleFlight<Result>(): SingleFlight<Result> {
  const underWay = new Map<string, Work<Result>>();

  function take(key: string, start: (signal: AbortSignal) => Promise<Result>): Work<Result> {
    const running = underWay.get(key);
    if (running !== undefined) return running;
    const abandon = new AbortController();
    const result = start(abandon.signal).finally(() => forget(key, work));
    const work: Work<Result> = { result, abandon, waiters: 0 };
    underWay.set(key, work);
    return work;
  }

  function forget(key: string, work: Work<Result>): void {
    if (underWay.get(key) === work) underWay.delete(key);
  }

  return {
    run(key, start, signal) {
      if (signal?.aborted === true) return Promise.reject(outOfTime(signal));
      const work = take(key, start);
      work.waiters += 1;
      if (signal === undefined) return work.result;
      return new Promise((resolve, reject) => {
        const leave = () => {
          work.waiters -= 1;
          if (work.waiters === 0) {
            forget(key, work);
            work.abandon.abort(outOfTime(signal));
          }
          reject(outOfTime(signal));
        };
        signal.addEventListener('abort', leave, { once: true });
        work.result.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject);
      });
    },
    running: (key) => underWay.get(key)?.result,
  };
}

function outOfTime(signal: AbortSignal): Failure {
  return new Failure('OutOfTime', 'The invocation ended before the result was ready.', { cause: signal.reason });
}
