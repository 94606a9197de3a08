import type { IncomingMessage } from 'node:http';
import type { LocalAnswer } from './wire.ts';

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
