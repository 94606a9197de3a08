import type { Clock } from '../../ports/clock.ts';
import { counted, printable } from '../terminal-text.ts';
import type { Route } from './routes.ts';
import type { LocalService } from './wire.ts';

/** The shortest time between two lines of one kind. */
const intervalMs = 1000;

/**
 * Reports something that may happen many times a second with one line a second at most. A line has the number of times since the
 * line before and the details of the last time.
 */
export class RepeatedLine<Details> {
  readonly #clock: Pick<Clock, 'delay'>;
  readonly #write: (count: number, last: Details) => void;
  readonly #stopped = new AbortController();
  #count = 0;
  #last: Details | undefined;
  #isRunning = false;

  constructor(clock: Pick<Clock, 'delay'>, write: (count: number, last: Details) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  add(details: Details): void {
    this.#count += 1;
    this.#last = details;
    if (!this.#isRunning) void this.#run();
  }

  /** Writes what has not been written yet. */
  stop(): void {
    this.#stopped.abort();
    this.#flush();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // All entries of one request share a line.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#flush()) await this.#clock.delay(intervalMs, this.#stopped.signal).catch(() => undefined);
    this.#isRunning = false;
  }

  /** @returns whether there was anything to write */
  #flush(): boolean {
    const [count, last] = [this.#count, this.#last];
    if (count === 0 || last === undefined) return false;
    this.#count = 0;
    this.#write(count, last);
    return true;
  }
}

/** Routes that also report each request for an operation that their service does not have. */
export function reportUnknownOperations(
  routes: readonly Route[],
  clock: Pick<Clock, 'delay'>,
  report: (text: string) => void,
): { readonly routes: readonly Route[]; readonly stop: () => void } {
  const line = new RepeatedLine<string>(clock, (count, last) => {
    const requests = counted(count, 'request');
    report(`${requests} asked for an operation that this stack does not have. The last one: ${printable(last, 100)}.`);
  });
  const reporting =
    (service: string, serve: LocalService): LocalService =>
    async (request) => {
      const answer = await serve(request);
      if (answer.headers['x-amzn-errortype'] === 'UnknownOperationException') {
        line.add(request.headers['x-amz-target'] ?? `${service} ${request.method} ${request.path}`);
      }
      return answer;
    };
  return {
    routes: routes.map((route) => ({ ...route, serve: reporting(route.service, route.serve) })),
    stop: () => line.stop(),
  };
}
