import type { IncomingMessage } from 'node:http';
import { systemClock } from '../../adapters/system-clock.ts';
import type { DataFolder } from './data-folder.ts';
import type { StackParts } from './parts.ts';
import type { Route } from './routes.ts';
import type { LocalAnswer } from './wire.ts';

/** The services and functions of a stack. A reset replaces them with new ones. */
export interface ResettableParts extends Omit<StackParts, 'routes'> {
  routes(): readonly Route[];
  /** Deletes all data; the stack then behaves like a new one. */
  reset(): Promise<void>;
  /** Whether a function from before the last reset signs with this key. */
  isRetired(accessKeyId: string): boolean;
}

/** How long a stop or a reset waits for running work. */
export const graceMs = 1000;

/**
 * Failure policy: running work has one second to end at a reset. A function that still runs after that may reach its endpoint,
 * but it cannot change the new stack: its access keys are refused. If the process is killed during a reset, some data can be
 * left behind. The next reset deletes it.
 *
 * @param create creates the services and functions, which use the data folder; the functions sign with `accessKeyId`
 */
export function createResettableParts(
  folder: DataFolder,
  create: (accessKeyId: (functionName: string) => string) => StackParts,
): ResettableParts {
  const retired = new Set<string>();
  let issued: string[] = [];
  let resets = 0;
  const make = (): StackParts =>
    create((functionName) => {
      const accessKeyId = resets === 0 ? functionName : `${functionName}-${resets}`;
      issued.push(accessKeyId);
      return accessKeyId;
    });
  let current = make();
  let resetting: Promise<void> = Promise.resolve();

  async function remake(): Promise<void> {
    const timer = new AbortController();
    await current.stop(systemClock.delay(graceMs, timer.signal).catch(() => undefined));
    timer.abort();
    for (const accessKeyId of issued) retired.add(accessKeyId);
    issued = [];
    resets += 1;
    await current.close();
    folder.clear();
    current = make();
    current.start();
  }

  return {
    routes: () => current.routes,
    isRetired: (accessKeyId) => retired.has(accessKeyId),
    reset() {
      const remaking = resetting.then(remake);
      resetting = remaking.catch(() => undefined);
      return remaking;
    },
    perform: (...call) => current.perform(...call),
    check: (request) => current.check(request),
    waiting: () => current.waiting(),
    start: () => current.start(),
    async stop(grace) {
      await resetting;
      await current.stop(grace);
    },
    close: () => current.close(),
  };
}

export interface ResetsOptions {
  readonly reset: () => Promise<void>;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** `POST /_lastmile/reset`: deletes all data. */
export class Resets {
  readonly #options: ResetsOptions;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: ResetsOptions) {
    this.#options = options;
  }

  /** Resolves when the current reset, if there is one, has ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  async answer(request: IncomingMessage): Promise<LocalAnswer> {
    request.resume();
    if (request.method !== 'POST') return answer(405, 'Use POST to reset the local stack.');
    const resetting = this.#ended.then(() => this.#options.reset());
    this.#ended = resetting.catch(() => undefined);
    try {
      await resetting;
      return answer(200, undefined);
    } catch (error) {
      this.#options.reportFault('the reset', error);
      return answer(500, 'The reset failed. The terminal output of the local stack shows where.');
    }
  }
}

function answer(status: number, message: string | undefined): LocalAnswer {
  const body = message === undefined ? { status: 'ok' } : { message };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
