import type { Dispatcher } from 'undici';
import type { ServiceAnswer } from './service-error.ts';

/** No answer to the calls is longer. Source: DynamoDB and SQS quotas: an item has 400 KB, and an answer at most 1 MB. */
const maxAnswerBytes = 2_097_152;

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: ServiceAnswer) => void;
  readonly reject: (error: Error) => void;
  /** @param isDead whether no byte of an answer came in time */
  readonly onEnd: (isDead: boolean) => void;
}

/** The error that undici gets when an exchange ends before its answer. It is never shown. */
const abandoned = new Error('abandoned');

/** One request and its answer. It implements undici's dispatch handler, because that is the cheapest interface. */
export class UndiciExchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #isAnswering = false;
  #status = 0;
  #headers: ServiceAnswer['headers'] = {};
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#timer = setTimeout(timeOut, options.timeoutMs, this);
    const { signal } = options;
    if (signal === undefined) return;
    this.#onAbort = () => this.#giveUp(abortErrorOf(signal));
    signal.addEventListener('abort', this.#onAbort);
  }

  timeOut(): void {
    const error = timeoutErrorOf(`No complete answer came within ${this.#options.timeoutMs} ms.`);
    this.#giveUp(Object.assign(error, { code: 'ETIMEDOUT' }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The exchange ended while it waited for a connection, so nothing is written.
    if (this.#isSettled) controller.abort(abandoned);
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ServiceAnswer['headers']): void {
    this.#isAnswering = true;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes <= maxAnswerBytes) return;
    const error = new Error(`The answer is longer than ${maxAnswerBytes} bytes.`);
    this.#giveUp(Object.assign(error, { code: 'ERR_ANSWER_TOO_LARGE' }));
  }

  onResponseEnd(): void {
    if (!this.#settle(false)) return;
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#options.resolve({ status: this.#status, headers: this.#headers, text: body.toString() });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#settle(false)) this.#options.reject(asOfSdk(error, this.#isAnswering));
  }

  #giveUp(error: Error): void {
    if (!this.#settle(!this.#isAnswering)) return;
    this.#options.reject(error);
    this.#controller?.abort(abandoned);
  }

  /** @returns false when the exchange was settled before */
  #settle(isDead: boolean): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#options.onEnd(isDead);
    return true;
  }
}

function timeOut(exchange: UndiciExchange): void {
  exchange.timeOut();
}

export function timeoutErrorOf(text: string): Error {
  return Object.assign(new Error(text), { name: 'TimeoutError' });
}

export function abortErrorOf({ reason }: AbortSignal): Error {
  return Object.assign(new Error('Request aborted', { cause: reason }), { name: 'AbortError' });
}

const lostConnection: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Gives an error of undici the name and the code that the HTTP client of the AWS SDK gives to it. */
function asOfSdk(error: Error & { code?: unknown }, isAnswering: boolean): Error {
  const { code, message, name } = error;
  if (name === 'TimeoutError') return error;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return timeoutErrorOf(message);
  if (lostConnection.has(code)) {
    const text = isAnswering ? 'The connection was lost during the answer.' : 'The connection was lost.';
    const lost = isAnswering ? new Error(text) : timeoutErrorOf(text);
    return Object.assign(lost, { code: code === 'UND_ERR_SOCKET' ? 'ECONNRESET' : code });
  }
  // undici's error about an answer that is not HTTP may have no code. With one, nobody takes the error for a bug.
  return Object.assign(new Error(message), { code: code ?? 'ERR_INVALID_ANSWER' });
}
