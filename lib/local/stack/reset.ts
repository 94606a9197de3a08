import type { IncomingMessage } from 'node:http';
import { systemClock } from '../../adapters/system-clock.ts';
import type { DataFolder } from './data-folder.ts';
import type { Interior } from './interior.ts';
import type { Route } from './routes.ts';
import type { LocalAnswer } from './wire.ts';

/** A stack's interior that can be made anew. */
export interface ResettableInterior extends Omit<Interior, 'routes'> {
  routes(): readonly Route[];
  /** Forgets everything; what is served from then on is as freshly started. */
  reset(): Promise<void>;
  /** Whether a function of an interior that is gone signs with it. */
  isRetired(accessKeyId: string): boolean;
}

/** How long a stop or a reset waits for what is under way. */
export const graceMs = 1000;

/**
 * Failure policy: what is under way at a reset has a second to end. A function that runs on may still reach its endpoint,
 * but nothing of the new stack: its clients sign with keys that are refused from then on. A kill during a reset can leave
 * some of it; the next reset takes that.
 *
 * @param create makes an interior over the data folder; `accessKeyId` is what its functions sign with
 */
export function createResettableInterior(
  folder: DataFolder,
  create: (accessKeyId: (functionName: string) => string) => Interior,
): ResettableInterior {
  const retired = new Set<string>();
  let issued: string[] = [];
  let resets = 0;
  const make = (): Interior =>
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

/** `POST /_lastmile/reset`: forgets everything. */
export class Resets {
  readonly #options: ResetsOptions;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: ResetsOptions) {
    this.#options = options;
  }

  /** Resolves when no reset is under way. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** A page that a browser shows is refused: every one could ask for it, and the browser says so by its Origin. */
  async answer(request: IncomingMessage): Promise<LocalAnswer> {
    request.resume();
    if (request.method !== 'POST') return answer(405, 'A reset is asked for by POST.');
    if (request.headers.origin !== undefined) return answer(403, 'A web page must not reset the stack.');
    const resetting = this.#ended.then(() => this.#options.reset());
    this.#ended = resetting.catch(() => undefined);
    try {
      await resetting;
      return answer(200, undefined);
    } catch (error) {
      this.#options.reportFault('the reset', error);
      return answer(500, 'The reset failed; the output of the local stack says where.');
    }
  }
}

function answer(status: number, message: string | undefined): LocalAnswer {
  const body = message === undefined ? { status: 'ok' } : { message };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
